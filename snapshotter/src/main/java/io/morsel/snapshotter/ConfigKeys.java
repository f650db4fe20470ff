package io.morsel.snapshotter;

import static io.morsel.snapshotter.ConfigKey.absolutePath;
import static io.morsel.snapshotter.ConfigKey.absolutePathOrNone;
import static io.morsel.snapshotter.ConfigKey.choice;
import static io.morsel.snapshotter.ConfigKey.flag;
import static io.morsel.snapshotter.ConfigKey.listenAddress;
import static io.morsel.snapshotter.ConfigKey.number;
import static io.morsel.snapshotter.ConfigKey.text;
import static io.morsel.snapshotter.ConfigKey.texts;

import io.morsel.prefetch.FetchSettings;
import io.morsel.stargz.LayerLimits;
import java.nio.file.Path;
import java.util.List;

/** Every key of {@code config.toml}. */
public final class ConfigKeys {
  /** Where layers, snapshots and metadata are. */
  public static final ConfigKey<Path> ROOT =
      new ConfigKey<>(
          "",
          "root",
          absolutePath(),
          Path.of("/var/lib/morsel"),
          "Where layers, snapshots and their metadata are kept. One daemon at a time may use it.");

  /** The socket that containerd connects to. */
  public static final ConfigKey<Path> ADDRESS =
      new ConfigKey<>(
          "",
          "address",
          absolutePath(),
          Path.of("/run/morsel/morsel.sock"),
          "The Unix socket that containerd connects to; the address of its proxy plugin.");

  /** Whether to warm up. */
  public static final ConfigKey<Boolean> WARM_UP =
      new ConfigKey<>(
          "",
          "warm_up",
          flag(),
          true,
          "Whether the daemon, once it serves, pulls and mounts a tiny image of its own from"
              + " loopback, so that the first real one does not wait for code to be loaded; 'morsel"
              + " core' starts containers of it, too. The first call that a container waits for ends"
              + " that.");

  /** The log's level. */
  public static final ConfigKey<String> LOG_LEVEL =
      new ConfigKey<>(
          "log",
          "level",
          choice("error", "warn", "info", "debug", "trace"),
          "info",
          "The least important messages that are logged.");

  /** The log's format. */
  public static final ConfigKey<String> LOG_FORMAT =
      new ConfigKey<>(
          "log",
          "format",
          choice("text", "json"),
          "text",
          "One line of text, or one JSON object, for each message; on standard error.");

  /** The address of metrics and health. */
  public static final ConfigKey<String> METRICS_ADDRESS =
      new ConfigKey<>(
          "metrics",
          "address",
          listenAddress(),
          "127.0.0.1:9595",
          "Where /metrics (Prometheus) and /healthz are served over HTTP; empty switches both off.");

  /** The front end to the kernel. */
  public static final ConfigKey<String> FUSE_BACKEND =
      new ConfigKey<>(
          "fuse",
          "backend",
          choice("auto", "direct", "jnr"),
          "auto",
          "How layers are shown to the kernel: \"direct\" speaks its protocol on /dev/fuse,"
              + " \"jnr\" goes through libfuse 2, \"auto\" takes the first of them that works.");

  /** How layers are shown. */
  public static final ConfigKey<String> VIEWS_KIND =
      new ConfigKey<>(
          "views",
          "kind",
          choice("auto", "erofs", "fuse"),
          "auto",
          "Who answers for a layer's names and cached bytes. \"erofs\": the kernel itself, the daemon"
              + " only for bytes that are not there yet; it needs about Linux 6.12 and the \"direct\""
              + " backend, and the daemon does not start where a probe finds that it does not work."
              + " \"fuse\": the daemon. \"auto\": \"erofs\" where the probe finds that it works.");

  /** For how long a mount that somebody was told of stays as it is. */
  public static final ConfigKey<Long> VIEWS_SWITCH_DELAY_MILLIS =
      new ConfigKey<>(
          "views",
          "switch_delay_millis",
          number(0, 3_600_000, " of milliseconds"),
          30_000L,
          "With \"erofs\", a layer that is complete is mounted anew, from the disk alone, once nobody"
              + " has been told of the old mount for so long: a container that was being made on it"
              + " just then would fail to start.");

  /** Whether to prefetch. */
  public static final ConfigKey<Boolean> FETCH_PREFETCH =
      new ConfigKey<>(
          "fetch",
          "prefetch",
          flag(),
          FetchSettings.DEFAULT.prefetch(),
          "Whether to fetch at once what an image lists before its prefetch landmark.");

  /** Whether to fill layers in the background. */
  public static final ConfigKey<Boolean> FETCH_BACKGROUND_FILL =
      new ConfigKey<>(
          "fetch",
          "background_fill",
          flag(),
          FetchSettings.DEFAULT.backgroundFill(),
          "Whether to fetch the rest of a layer when nobody waits for anything else.");

  /** When to start filling. */
  public static final ConfigKey<Long> FETCH_BACKGROUND_FILL_DELAY_MILLIS =
      new ConfigKey<>(
          "fetch",
          "background_fill_delay_millis",
          number(0, 86_400_000, " of milliseconds"),
          FetchSettings.DEFAULT.backgroundFillDelayMillis(),
          "For how long no reader must have missed anything, and no layer been mounted, before"
              + " layers are filled. On a node that is never quiet they wait 15 times as long.");

  /** Requests at once. */
  public static final ConfigKey<Long> FETCH_MAX_REQUESTS =
      new ConfigKey<>(
          "fetch",
          "max_requests",
          number(1, 256, ""),
          (long) FetchSettings.DEFAULT.maxRequests(),
          "How many requests to registries may be under way, all layers together.");

  /** The length of a request. */
  public static final ConfigKey<Long> FETCH_MAX_REQUEST_BYTES =
      new ConfigKey<>(
          "fetch",
          "max_request_bytes",
          number(64 << 10, 256 << 20, " of bytes"),
          (long) FetchSettings.DEFAULT.maxRequestBytes(),
          "How much one request may ask for.");

  /** What comes along with a miss. */
  public static final ConfigKey<Long> FETCH_READ_AHEAD_BYTES =
      new ConfigKey<>(
          "fetch",
          "read_ahead_bytes",
          number(0, 256 << 20, " of bytes"),
          (long) FetchSettings.DEFAULT.readAheadBytes(),
          "The most that a reader who misses something brings along of what stands behind it; on a"
              + " slow network less. Who goes on there gets twice as much each time, up to four times"
              + " this.");

  /** The memory tier. */
  public static final ConfigKey<Long> FETCH_HOT_CHUNK_BYTES =
      new ConfigKey<>(
          "fetch",
          "hot_chunk_bytes",
          number(0, 16L << 30, " of bytes"),
          FetchSettings.DEFAULT.hotChunkBytes(),
          "How much of what was fetched last is kept in memory besides the disk.");

  /** How long a reader waits. */
  public static final ConfigKey<Long> FETCH_READ_TIMEOUT_MILLIS =
      new ConfigKey<>(
          "fetch",
          "read_timeout_millis",
          number(100, 3_600_000, " of milliseconds"),
          FetchSettings.DEFAULT.readTimeoutMillis(),
          "How long a read of absent data waits, retries included, before it fails with EIO.");

  /** Whether to learn. */
  public static final ConfigKey<Boolean> PROFILE_RECORD =
      new ConfigKey<>(
          "profile",
          "record",
          flag(),
          true,
          "Whether to record which chunks of an image are read while a container of it starts.");

  /** Whether to use what was learned. */
  public static final ConfigKey<Boolean> PROFILE_REPLAY =
      new ConfigKey<>(
          "profile",
          "replay",
          flag(),
          true,
          "Whether to fetch at once what earlier starts of an image read; instead of what it lists"
              + " before its prefetch landmark.");

  /** Whether to use what others have learned. */
  public static final ConfigKey<Boolean> PROFILE_FROM_REGISTRY =
      new ConfigKey<>(
          "profile",
          "from_registry",
          flag(),
          true,
          "Whether to look in an image's registry for a profile that somebody has pushed there, where"
              + " this node has none. Pulling does not wait for that.");

  /** When a start is over. */
  public static final ConfigKey<Long> PROFILE_SETTLE_MILLIS =
      new ConfigKey<>(
          "profile",
          "settle_millis",
          number(100, 600_000, " of milliseconds"),
          3_000L,
          "A container has started when it has read nothing new of its image for so long.");

  /** What a replay may cost. */
  public static final ConfigKey<Long> PROFILE_MAX_BYTES =
      new ConfigKey<>(
          "profile",
          "max_bytes",
          number(0, 1L << 40, " of bytes"),
          512L << 20,
          "The most compressed bytes of one image that are recorded of a start, and that are fetched"
              + " because a profile says so.");

  /** What a replay may cost. */
  public static final ConfigKey<Long> PROFILE_MAX_PERCENT =
      new ConfigKey<>(
          "profile",
          "max_percent",
          number(0, 100, ""),
          50L,
          "The same as a part of the image, in percent; the lower of the two counts.");

  /** How many profiles are kept. */
  public static final ConfigKey<Long> PROFILE_MAX_KEPT =
      new ConfigKey<>(
          "profile",
          "max_kept",
          number(1, 1_000_000, ""),
          1_000L,
          "How many images' profiles are kept, each of 2 MiB at most; those that were used last.");

  /** Whether the TOC may lack a digest. */
  public static final ConfigKey<Boolean> VERIFICATION_ALLOW_UNVERIFIED_TOC =
      new ConfigKey<>(
          "verification",
          "allow_unverified_toc",
          flag(),
          false,
          "Whether layers may be mounted whose manifest names no TOC digest, such as legacy stargz:"
              + " their content is then only as trustworthy as the registry and the way to it.");

  /** A bound. */
  public static final ConfigKey<Long> LIMITS_MAX_TOC_BYTES =
      new ConfigKey<>(
          "limits",
          "max_toc_bytes",
          number(1 << 10, 8L << 30, " of bytes"),
          LayerLimits.DEFAULT.maxTocBytes(),
          "The largest uncompressed TOC that is read.");

  /** A bound. */
  public static final ConfigKey<Long> LIMITS_MAX_ENTRIES =
      new ConfigKey<>(
          "limits",
          "max_entries",
          number(1, 100_000_000, ""),
          (long) LayerLimits.DEFAULT.maxEntries(),
          "The most entries that a TOC may have, chunks included, and a layer that is unpacked.");

  /** A bound. */
  public static final ConfigKey<Long> LIMITS_MAX_DEPTH =
      new ConfigKey<>(
          "limits",
          "max_depth",
          number(1, 65_536, ""),
          (long) LayerLimits.DEFAULT.maxDepth(),
          "The most directories that an entry may be nested in.");

  /** A bound. */
  public static final ConfigKey<Long> LIMITS_MAX_CHUNK_BYTES =
      new ConfigKey<>(
          "limits",
          "max_chunk_bytes",
          number(4 << 10, 1 << 30, " of bytes"),
          (long) LayerLimits.DEFAULT.maxChunkBytes(),
          "The largest uncompressed chunk.");

  /** A bound. */
  public static final ConfigKey<Long> LIMITS_MAX_DATA_BYTES =
      new ConfigKey<>(
          "limits",
          "max_data_bytes",
          number(1, 1L << 50, " of bytes"),
          LayerLimits.DEFAULT.maxDataBytes(),
          "The most that a layer's files may have together, uncompressed.");

  /** A bound. */
  public static final ConfigKey<Long> LIMITS_MAX_XATTR_BYTES =
      new ConfigKey<>(
          "limits",
          "max_xattr_bytes",
          number(0, 1 << 20, " of bytes"),
          (long) LayerLimits.DEFAULT.maxXattrBytes(),
          "The most that one file's extended attributes may have together.");

  /** Hosts without TLS. */
  public static final ConfigKey<List<String>> REGISTRY_PLAIN_HTTP_HOSTS =
      new ConfigKey<>(
          "registry",
          "plain_http_hosts",
          texts("a list of hosts or host:port pairs, each in quotes"),
          List.of(),
          "Registries that are spoken to without TLS, besides those on loopback.");

  /** Where mirrors are configured. */
  public static final ConfigKey<String> REGISTRY_CONFIG_PATH =
      new ConfigKey<>(
          "registry",
          "config_path",
          absolutePathOrNone(),
          "/etc/containerd/certs.d",
          "The directory of HOST/hosts.toml, by which containerd is told of a registry's mirrors,"
              + " certificates and headers; it counts for pulls and pushes here as well. It need not"
              + " exist, and changes in it count within seconds. Empty for reaching every registry by its"
              + " own name.");

  /** A timeout. */
  public static final ConfigKey<Long> REGISTRY_CONNECT_TIMEOUT_MILLIS =
      new ConfigKey<>(
          "registry",
          "connect_timeout_millis",
          number(100, 600_000, " of milliseconds"),
          10_000L,
          "How long a connection to a registry may take to come up.");

  /** A timeout. */
  public static final ConfigKey<Long> REGISTRY_READ_TIMEOUT_MILLIS =
      new ConfigKey<>(
          "registry",
          "read_timeout_millis",
          number(100, 600_000, " of milliseconds"),
          30_000L,
          "How long a registry may be silent in the middle of an answer.");

  /** Retries. */
  public static final ConfigKey<Long> REGISTRY_RETRIES =
      new ConfigKey<>(
          "registry",
          "retries",
          number(0, 100, ""),
          5L,
          "How often a request that failed for a passing reason is repeated.");

  /** How long resolving may take. */
  public static final ConfigKey<Long> REGISTRY_RESOLVE_TIMEOUT_MILLIS =
      new ConfigKey<>(
          "registry",
          "resolve_timeout_millis",
          number(100, 600_000, " of milliseconds"),
          30_000L,
          "How long containerd is kept waiting for a layer's index before the layer is pulled in"
              + " full instead.");

  /** Where credentials are. */
  public static final ConfigKey<String> REGISTRY_DOCKER_CONFIG =
      new ConfigKey<>(
          "registry",
          "docker_config",
          text("a path, in quotes, or \"\""),
          "",
          "The directory of Docker's config.json, which holds credentials; empty for what"
              + " DOCKER_CONFIG says, or else ~/.docker.");

  /** Who may use a blob that another namespace has brought. */
  public static final ConfigKey<String> CORE_CONTENT_SHARING_POLICY =
      new ConfigKey<>(
          "core",
          "content_sharing_policy",
          choice("shared", "isolated"),
          "shared",
          "Of `morsel core` only. Whether a namespace that names the digest of a blob which another"
              + " namespace has need not bring its bytes again: \"isolated\" has it bring them, so that"
              + " nobody gets at content by its digest alone. On the disk there is one copy in any"
              + " case.");

  /** How often the restart monitor looks. */
  public static final ConfigKey<Long> CORE_RESTART_INTERVAL_MILLIS =
      new ConfigKey<>(
          "core",
          "restart_interval_millis",
          number(100, 3_600_000, " of milliseconds"),
          10_000L,
          "Of `morsel core` only. How often it looks for containers that have ended and are to be"
              + " started again, by the labels `containerd.io/restart.…` that `morsel run --restart`"
              + " and containerd's clients give them.");

  /** All of them, in the order in which they are printed. */
  public static final List<ConfigKey<?>> ALL =
      List.of(
          ROOT,
          ADDRESS,
          WARM_UP,
          LOG_LEVEL,
          LOG_FORMAT,
          METRICS_ADDRESS,
          FUSE_BACKEND,
          VIEWS_KIND,
          VIEWS_SWITCH_DELAY_MILLIS,
          FETCH_PREFETCH,
          FETCH_BACKGROUND_FILL,
          FETCH_BACKGROUND_FILL_DELAY_MILLIS,
          FETCH_MAX_REQUESTS,
          FETCH_MAX_REQUEST_BYTES,
          FETCH_READ_AHEAD_BYTES,
          FETCH_HOT_CHUNK_BYTES,
          FETCH_READ_TIMEOUT_MILLIS,
          PROFILE_RECORD,
          PROFILE_REPLAY,
          PROFILE_FROM_REGISTRY,
          PROFILE_SETTLE_MILLIS,
          PROFILE_MAX_BYTES,
          PROFILE_MAX_PERCENT,
          PROFILE_MAX_KEPT,
          VERIFICATION_ALLOW_UNVERIFIED_TOC,
          LIMITS_MAX_TOC_BYTES,
          LIMITS_MAX_ENTRIES,
          LIMITS_MAX_DEPTH,
          LIMITS_MAX_CHUNK_BYTES,
          LIMITS_MAX_DATA_BYTES,
          LIMITS_MAX_XATTR_BYTES,
          REGISTRY_PLAIN_HTTP_HOSTS,
          REGISTRY_CONFIG_PATH,
          REGISTRY_CONNECT_TIMEOUT_MILLIS,
          REGISTRY_READ_TIMEOUT_MILLIS,
          REGISTRY_RETRIES,
          REGISTRY_RESOLVE_TIMEOUT_MILLIS,
          REGISTRY_DOCKER_CONFIG,
          CORE_CONTENT_SHARING_POLICY,
          CORE_RESTART_INTERVAL_MILLIS);

  private ConfigKeys() {}
}
