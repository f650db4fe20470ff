package io.morsel.bench.fleet;

import io.morsel.bench.host.Daemon;
import io.morsel.bench.host.Http;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a site's nodes connect to: the registry's link itself, or a cache in front of it that has
 * nothing yet. Servers listen on loopback, run in the foreground and are stopped by their pid.
 */
final class SiteServer implements AutoCloseable {
  private final int port;
  private final @Nullable Daemon cache;

  private SiteServer(int port, @Nullable Daemon cache) {
    this.port = port;
    this.cache = cache;
  }

  /**
   * Starts a site's server, if it has one.
   *
   * @param registryPort where the registry is, on loopback
   * @param directory an empty one, for its configuration, logs and cache
   * @param imageBytes how much the cache may have to keep
   * @throws io.morsel.bench.host.HostException if it does not start
   */
  static SiteServer start(Site site, int registryPort, Path directory, long imageBytes)
      throws IOException {
    if (site == Site.DIRECT) {
      return new SiteServer(registryPort, null);
    }
    int port = Http.freePort();
    boolean root = "root".equals(System.getProperty("user.name"));
    Path config = directory.resolve(site.label() + ".conf");
    Files.writeString(
        config,
        site == Site.NGINX
            ? nginx(port, registryPort, directory, root)
            : squid(port, registryPort, directory, imageBytes));
    List<String> words =
        site == Site.NGINX
            ? List.of("nginx", "-p", directory.toString(), "-e", "stderr", "-c", config.toString())
            : List.of("squid", "-N", "-f", config.toString());
    // Debian has them where only root's programs are looked for.
    Map<String, String> environment =
        Map.of("PATH", System.getenv().getOrDefault("PATH", "/usr/bin:/bin") + ":/usr/sbin");
    Daemon daemon =
        Daemon.start(
            site.label(),
            directory.resolve(site.label() + ".log"),
            environment,
            words,
            () -> Http.ok("http://127.0.0.1:" + port + "/v2/"));
    return new SiteServer(port, daemon);
  }

  /**
   * Blobs in slices of 256 KiB, each fetched once however many nodes miss it; manifests always from
   * the registry, as a tag may come to mean another.
   */
  private static String nginx(int port, int registryPort, Path directory, boolean root) {
    return """
    daemon off;
    %s
    worker_processes auto;
    pid %2$s/nginx.pid;
    error_log stderr warn;
    events { worker_connections 8192; }
    http {
      access_log off;
      client_body_temp_path %2$s/body;
      proxy_temp_path %2$s/proxy;
      fastcgi_temp_path %2$s/fastcgi;
      uwsgi_temp_path %2$s/uwsgi;
      scgi_temp_path %2$s/scgi;
      proxy_cache_path %2$s/cache levels=1:2 keys_zone=slices:16m inactive=1d use_temp_path=off;
      upstream registry { server 127.0.0.1:%4$d; keepalive 64; }
      server {
        listen 127.0.0.1:%3$d;
        proxy_http_version 1.1;
        proxy_set_header Connection "";
        proxy_set_header Host localhost:%4$d;
        location / { proxy_pass http://registry; }
        location ~ ^/v2/.+/blobs/sha256: {
          slice 256k;
          proxy_set_header Connection "";
          proxy_set_header Host localhost:%4$d;
          proxy_set_header Range $slice_range;
          proxy_cache slices;
          proxy_cache_key $uri$slice_range;
          proxy_cache_valid 200 206 1d;
          proxy_cache_lock on;
          proxy_cache_lock_timeout 2m;
          proxy_cache_lock_age 2m;
          proxy_pass http://registry;
        }
      }
    }
    """
        .formatted(root ? "user root;" : "", directory, port, registryPort);
  }

  /**
   * Whole blobs in memory: as root it gives its rights away and could not write a directory of
   * ours, and a disk cache keeps no object that is not complete.
   */
  private static String squid(int port, int registryPort, Path directory, long imageBytes) {
    long megabytes = 64 + 2 * (imageBytes >> 20);
    return """
    http_port 127.0.0.1:%1$d accel defaultsite=localhost:%2$d
    cache_peer 127.0.0.1 parent %2$d 0 no-query no-digest originserver
    http_access allow localhost
    never_direct allow all
    visible_hostname localhost
    cache_mem %3$d MB
    maximum_object_size_in_memory %3$d MB
    maximum_object_size %3$d MB
    memory_cache_shared off
    range_offset_limit none
    quick_abort_min -1 KB
    collapsed_forwarding on
    access_log none
    cache_store_log none
    cache_log /dev/null
    logfile_rotate 0
    pinger_enable off
    pid_filename none
    coredump_dir %4$s
    shutdown_lifetime 0 seconds
    """
        .formatted(port, registryPort, megabytes, directory);
  }

  /** Where nodes connect, on loopback. */
  int port() {
    return port;
  }

  /** Processor time that the cache has used so far; 0 where there is none. */
  double cpuMillis() {
    return cache == null ? 0 : ProcessorTime.millis(cache.pid());
  }

  @Override
  public void close() {
    if (cache != null) {
      cache.close();
    }
  }
}
