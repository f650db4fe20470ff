package io.morsel.integration;

import com.google.protobuf.ByteString;
import com.google.protobuf.TextFormat;
import java.util.List;
import org.assertj.core.api.SoftAssertions;
import org.junit.jupiter.api.Test;

/**
 * Calls that no ctr makes, since it checks its arguments first, or that nobody means to make: a
 * Morsel core refuses them with the status and the words of Debian's containerd.
 */
class RefusedCallsIT extends CtrTests {
  private static final String HELLO =
      "sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";

  /**
   * Calls in the order in which they are made; those that succeed prepare the ones after them. Left
   * out is what a core refuses and containerd does not, or only by what its database says: labels
   * without a name, and writes that expect a malformed digest. An event without content and a diff
   * of nothing end containerd 1.6.
   */
  private static final String CALLS =
      """
      # The namespace of a call.
      @ Images.List
      @ Images.Get name: "x"
      @ Images.Create image { name: "x" }
      @ Containers.List
      @ Containers.Get id: "x"
      @ Containers.ListStream
      @ Content.List
      @ Content.Info digest: "HELLO"
      @ Content.Read digest: "HELLO"
      @ Content.Status ref: "r"
      @ Content.ListStatuses
      @ Content.Abort ref: "r"
      @ Content.Write ref: "r"
      @ Content.Delete digest: "HELLO"
      @ Snapshots.List snapshotter: "overlayfs"
      @ Snapshots.Stat snapshotter: "overlayfs" key: "k"
      @ Snapshots.Prepare snapshotter: "overlayfs" key: "k"
      @ Snapshots.Remove snapshotter: "overlayfs" key: "k"
      @ Leases.Create id: "l"
      @ Leases.List
      @ Leases.Delete id: "l"
      @ Tasks.Get container_id: "x"
      @ Tasks.Start container_id: "x"
      @ Tasks.Metrics
      @ Tasks.Create container_id: "x"
      @ Events.Publish topic: "/a" event { type_url: "x" }
      @a/b Images.List
      @-a Images.List
      @a. Containers.List
      @a..b Content.List
      @a/b Leases.List
      @a/b Snapshots.List snapshotter: "overlayfs"
      @a/b Tasks.Get container_id: "x"
      @a/b Content.Write ref: "r"
      @LETTERS Images.List
      @LETTERS Events.Publish topic: "/a" event { type_url: "x" }

      # Namespaces.
      Namespaces.Create namespace { }
      Namespaces.Create namespace { name: "a/b" }
      Namespaces.Create namespace { name: "ä" }
      Namespaces.Create namespace { name: "a\\nb\\x01" }
      Namespaces.Create namespace { name: "LETTERS" }
      Namespaces.Create namespace { name: "big" labels { key: "k" value: "LONG" } }
      Namespaces.Create namespace { name: "n" labels { key: "k" value: "v" } }
      Namespaces.Create namespace { name: "n" }
      Namespaces.Get name: "n"
      Namespaces.Get name: "none"
      Namespaces.Get name: "a/b"
      Namespaces.Get
      Namespaces.Update namespace { name: "n" } update_mask { paths: "foo" }
      Namespaces.Update namespace { name: "n" } update_mask { paths: "labels" }
      Namespaces.Update namespace { name: "n" } update_mask { paths: "name" }
      Namespaces.Update namespace { name: "n" labels { key: "k" value: "LONG" } } update_mask { paths: "labels.k" }
      Namespaces.Update namespace { name: "n" labels { key: "j" value: "w" } } update_mask { paths: "labels.j" }
      Namespaces.Update namespace { name: "a/b" labels { key: "j" value: "w" } } update_mask { paths: "labels.j" }
      Namespaces.Update namespace { labels { key: "j" value: "w" } } update_mask { paths: "labels.j" }
      Namespaces.Get name: "n"
      Namespaces.Delete name: "none"
      Namespaces.Delete
      Namespaces.Delete name: "n"

      # Content.
      Content.Info
      Content.Info digest: "x"
      Content.Info digest: "sha256:abc"
      Content.Info digest: "SHA256:abc"
      Content.Info digest: "md5:d41d8cd98f00b204e9800998ecf8427e"
      Content.Info digest: "sha256:2CF24DBA5FB0A30E26E83B2AC5B9E29E1B161E5C1FA7425E73043362938B9824"
      Content.Info digest: "HELLO"
      Content.Update info { }
      Content.Update
      Content.Update info { digest: "HELLO" }
      Content.Delete
      Content.Delete digest: "sha256:abc"
      Content.Delete digest: "HELLO"
      Content.Read
      Content.Read digest: "sha256:abc"
      Content.Read digest: "HELLO"
      Content.Status
      Content.Status ref: "none"
      Content.Abort
      Content.Abort ref: "none"
      Content.Write
      Content.Write action: WRITE data: "hello"
      Content.Write action: COMMIT
      Content.Write ref: "r" ;; action: WRITE offset: 7 data: "hello"
      Content.Write ref: "r1" action: WRITE data: "hello" ;; action: COMMIT offset: 5 total: 6
      Content.Write ref: "r2" action: WRITE data: "hello" ;; action: COMMIT offset: 5 expected: "sha256:0000000000000000000000000000000000000000000000000000000000000000"
      Content.Write ref: "r3" action: WRITE data: "hello" ;; action: COMMIT offset: 5 labels { key: "k" value: "LONG" }
      Content.Write ref: "r4" action: WRITE data: "hello" ;; action: COMMIT offset: 4
      Content.Write ref: "r6" total: 3 action: WRITE data: "hello" ;; action: COMMIT offset: 5
      Content.Write ref: "ok" action: WRITE data: "hello" ;; action: COMMIT offset: 5 expected: "HELLO"
      Content.Write ref: "again" expected: "HELLO"
      Content.Write ref: "again" action: WRITE data: "hello" ;; action: COMMIT offset: 5
      Content.Write ref: "again" ;; action: COMMIT expected: "HELLO"
      Content.Read digest: "HELLO" offset: 6
      Content.Read digest: "HELLO" offset: 5
      Content.Read digest: "HELLO" offset: -1
      Content.Read digest: "HELLO" size: -1
      Content.Read digest: "HELLO" offset: 1 size: 2
      Content.Read digest: "HELLO" offset: 1 size: 99
      Content.Update info { digest: "HELLO" size: 9 } update_mask { paths: "size" }
      Content.Update info { digest: "HELLO" } update_mask { paths: "foo" }
      Content.Update info { digest: "HELLO" labels { key: "k" value: "LONG" } }
      Content.Update info { digest: "HELLO" labels { key: "k" value: "LONG" } } update_mask { paths: "labels.k" }
      Content.Update info { digest: "HELLO" labels { key: "a" value: "b" } } update_mask { paths: "labels.a" paths: "foo" }
      Content.Info digest: "HELLO"

      # Images.
      Images.Get
      Images.Get name: "none"
      Images.Create
      Images.Create image { }
      Images.Create image { name: "i" }
      Images.Create image { name: "i" target { digest: "x" size: 5 media_type: "m" } }
      Images.Create image { name: "i" target { digest: "sha256:abc" size: 5 media_type: "m" } }
      Images.Create image { name: "i" target { digest: "md5:d41d8cd98f00b204e9800998ecf8427e" size: 5 media_type: "m" } }
      Images.Create image { name: "i" target { digest: "HELLO" media_type: "m" } }
      Images.Create image { name: "i" target { digest: "HELLO" size: -5 media_type: "m" } }
      Images.Create image { name: "i" target { digest: "HELLO" size: 5 } }
      Images.Create image { name: "i" labels { key: "k" value: "LONG" } target { digest: "HELLO" size: 5 media_type: "m" } }
      Images.Create image { name: "i" labels { key: "LONG" value: "" } target { digest: "HELLO" size: 5 media_type: "m" } }
      Images.Create image { name: "i" labels { key: "l.m" value: "v" } target { digest: "HELLO" size: 5 media_type: "m" annotations { key: "an" value: "no" } } }
      Images.Create image { name: "i" target { digest: "HELLO" size: 5 media_type: "m" } }
      Images.Update
      Images.Update image { name: "none" }
      Images.Update image { name: "none" } update_mask { paths: "foo" }
      Images.Update image { name: "i" }
      Images.Update image { name: "i" } update_mask { paths: "foo" }
      Images.Update image { name: "i" } update_mask { paths: "name" }
      Images.Update image { name: "i" } update_mask { paths: "target" }
      Images.Update image { name: "i" } update_mask { paths: "target.digest" }
      Images.Update image { name: "i" } update_mask { paths: "labelsx" }
      Images.Update image { name: "i" labels { key: "k" value: "LONG" } } update_mask { paths: "labels.k" }
      Images.Update image { name: "i" target { annotations { key: "k" value: "v" } } } update_mask { paths: "annotations.k" }
      Images.Get name: "i"
      Images.Delete
      Images.Delete name: "none"
      Images.Delete name: "none" target { digest: "HELLO" }
      Namespaces.Delete name: "t"

      # Containers.
      Containers.Get
      Containers.Get id: "none"
      Containers.Create
      Containers.Create container { }
      Containers.Create container { id: "a b" }
      Containers.Create container { id: "-a" }
      Containers.Create container { id: "LETTERS" }
      Containers.Create container { id: "c" }
      Containers.Create container { id: "c" runtime { name: "io.containerd.runc.v2" } }
      Containers.Create container { id: "c" spec { type_url: "s" } }
      Containers.Create container { id: "c" runtime { name: "io.containerd.runc.v2" } spec { type_url: "s" } snapshot_key: "k" }
      Containers.Create container { id: "c" runtime { name: "io.containerd.runc.v2" } spec { type_url: "s" } labels { key: "k" value: "LONG" } }
      Containers.Create container { id: "c" runtime { name: "io.containerd.runc.v2" } spec { type_url: "s" } extensions { key: "" value { type_url: "e" } } }
      Containers.Create container { id: "c" runtime { name: "none.v9" } spec { type_url: "s" value: "{}" } image: "i" labels { key: "l.m" value: "v" } }
      Containers.Create container { id: "c" runtime { name: "io.containerd.runc.v2" } spec { type_url: "s" } }
      Containers.Update
      Containers.Update container { id: "none" }
      Containers.Update container { id: "c" }
      Containers.Update container { id: "c" runtime { name: "none.v9" } snapshotter: "s" }
      Containers.Update container { id: "c" runtime { name: "other" } }
      Containers.Update container { id: "c" } update_mask { paths: "foo" }
      Containers.Update container { id: "c" } update_mask { paths: "runtime" }
      Containers.Update container { id: "c" } update_mask { paths: "snapshotter" }
      Containers.Update container { id: "c" } update_mask { paths: "spec" }
      Containers.Update container { id: "c" snapshot_key: "k" } update_mask { paths: "snapshotkey" }
      Containers.Update container { id: "c" labels { key: "k" value: "LONG" } } update_mask { paths: "labels.k" }
      Containers.Update container { id: "c" extensions { key: "" value { type_url: "e" } } } update_mask { paths: "extensions." }
      Containers.Get id: "c"
      Containers.Delete
      Containers.Delete id: "none"
      @empty Containers.Delete id: "none"
      @empty Containers.Get id: "none"

      # Snapshots.
      Snapshots.List
      Snapshots.List snapshotter: "none"
      Snapshots.Prepare key: "k"
      Snapshots.Prepare snapshotter: "none" key: "k"
      Snapshots.Prepare snapshotter: "overlayfs" key: "k" parent: "none"
      Snapshots.View snapshotter: "overlayfs" key: "k" parent: "none"
      Snapshots.Prepare snapshotter: "overlayfs" key: "k" labels { key: "k" value: "LONG" }
      Snapshots.Commit snapshotter: "overlayfs" name: "n" key: "k" labels { key: "k" value: "LONG" }
      Snapshots.Stat snapshotter: "overlayfs" key: "none"
      Snapshots.Stat snapshotter: "overlayfs"
      Snapshots.Usage snapshotter: "overlayfs" key: "none"
      Snapshots.Mounts snapshotter: "overlayfs" key: "none"
      Snapshots.Remove snapshotter: "overlayfs" key: "none"
      Snapshots.Update snapshotter: "overlayfs" info { }
      Snapshots.Update snapshotter: "overlayfs" info { name: "none" }
      @snap Snapshots.Prepare snapshotter: "overlayfs" key: "a"
      @snap Snapshots.Commit snapshotter: "overlayfs" name: "c" key: "a"
      @snap Snapshots.Commit snapshotter: "overlayfs" name: "c" key: "none"
      @snap Snapshots.Commit snapshotter: "overlayfs" name: "d" key: "c"
      @snap Snapshots.Prepare snapshotter: "overlayfs" key: "b" parent: "c"
      @snap Snapshots.Prepare snapshotter: "overlayfs" key: "b" parent: "c"
      @snap Snapshots.Prepare snapshotter: "overlayfs" key: "c"
      @snap Snapshots.Prepare snapshotter: "overlayfs" key: "e" parent: "b"
      @snap Snapshots.View snapshotter: "overlayfs" key: "v" parent: "c"
      @snap Snapshots.View snapshotter: "overlayfs" key: "v" parent: "c"
      @snap Snapshots.Commit snapshotter: "overlayfs" name: "w" key: "v"
      @snap Snapshots.Prepare snapshotter: "overlayfs" key: "e" parent: "v"
      @snap Snapshots.Mounts snapshotter: "overlayfs" key: "c"
      @snap Snapshots.Remove snapshotter: "overlayfs" key: "c"
      @snap Snapshots.Update snapshotter: "overlayfs" info { name: "c" } update_mask { paths: "foo" }
      @snap Snapshots.Update snapshotter: "overlayfs" info { name: "c" } update_mask { paths: "kind" }
      @snap Snapshots.Update snapshotter: "overlayfs" info { name: "c" labels { key: "k" value: "LONG" } } update_mask { paths: "labels.k" }
      @snap Snapshots.Prepare snapshotter: "overlayfs" key: "t" parent: "c" labels { key: "containerd.io/snapshot.ref" value: "c" }
      @snap Namespaces.Delete name: "snap"
      Snapshots.Cleanup
      Snapshots.Cleanup snapshotter: "none"

      # Leases.
      Leases.Create id: "l"
      Leases.Create id: "l"
      Leases.Create id: "m" labels { key: "k" value: "LONG" }
      Leases.Create id: "a/b"
      Leases.Create id: "LETTERS"
      Leases.Delete
      Leases.Delete id: "none"
      Leases.AddResource id: "none" resource { type: "content" id: "HELLO" }
      Leases.AddResource id: "l"
      Leases.AddResource id: "l" resource { type: "foo" id: "x" }
      Leases.AddResource id: "l" resource { type: "foo/bar" id: "x" }
      Leases.AddResource id: "l" resource { type: "content/x" id: "HELLO" }
      Leases.AddResource id: "l" resource { type: "content" id: "x" }
      Leases.AddResource id: "l" resource { type: "content" id: "sha256:abc" }
      Leases.AddResource id: "l" resource { type: "content" }
      Leases.AddResource id: "l" resource { type: "ingests/a" id: "x" }
      Leases.AddResource id: "l" resource { type: "snapshots" id: "x" }
      Leases.AddResource id: "l" resource { type: "snapshots/a/b" id: "x" }
      Leases.AddResource id: "l" resource { type: "snapshots/none" id: "x" }
      Leases.AddResource id: "l" resource { type: "ingests" id: "x" }
      Leases.DeleteResource id: "none" resource { type: "content" id: "HELLO" }
      Leases.DeleteResource id: "l" resource { type: "content" id: "HELLO" }
      Leases.DeleteResource id: "l" resource { type: "foo" id: "x" }
      Leases.ListResources
      Leases.ListResources id: "none"
      Leases.ListResources id: "l"

      # Events.
      Events.Publish
      Events.Publish topic: "a"
      Events.Publish topic: "/"
      Events.Publish topic: "/a//b" event { type_url: "x" }
      Events.Publish topic: "/a/b c" event { type_url: "x" }
      Events.Publish topic: "/a/" event { type_url: "x" }
      Events.Publish topic: "/LETTERS" event { type_url: "x" }
      @a/b Events.Publish topic: "/a" event { type_url: "x" }
      Events.Forward envelope { }
      Events.Forward envelope { namespace: "t" }
      Events.Forward envelope { namespace: "t" topic: "a" }
      Events.Forward envelope { namespace: "a/b" topic: "/a" }
      Events.Forward envelope { namespace: "t" topic: "/a" }

      # Tasks that there are not.
      Tasks.Get
      Tasks.Get container_id: "none"
      Tasks.Get container_id: "c"
      Tasks.Get container_id: "c" exec_id: "e"
      Tasks.Create
      Tasks.Create container_id: "none"
      Tasks.Start container_id: "none"
      Tasks.Start container_id: "c"
      Tasks.Start container_id: "c" exec_id: "e"
      Tasks.Delete container_id: "none"
      Tasks.Delete container_id: "c"
      Tasks.DeleteProcess container_id: "c"
      Tasks.DeleteProcess container_id: "c" exec_id: "e"
      Tasks.Kill container_id: "none" signal: 9
      Tasks.Kill container_id: "c" signal: 9
      Tasks.Exec container_id: "none" exec_id: "e"
      Tasks.Exec container_id: "c" exec_id: "e"
      Tasks.Exec container_id: "c"
      Tasks.ResizePty container_id: "c"
      Tasks.CloseIO container_id: "c" stdin: true
      Tasks.Pause container_id: "c"
      Tasks.Resume container_id: "c"
      Tasks.ListPids container_id: "c"
      Tasks.Checkpoint container_id: "none"
      Tasks.Checkpoint container_id: "c"
      Tasks.Update container_id: "c"
      Tasks.Wait container_id: "none"
      Tasks.Wait container_id: "c"
      Tasks.Metrics filters: "id==c"
      Tasks.List
      Tasks.Create container_id: "c"
      Tasks.Create container_id: "c" checkpoint { digest: "HELLO" media_type: "x" size: 5 }

      # Diffs.
      Diff.Apply diff { digest: "sha256:0000000000000000000000000000000000000000000000000000000000000000" media_type: "application/vnd.oci.image.layer.v1.tar" size: 5 }
      Diff.Diff media_type: "foo"

      # What belongs to no namespace.
      Health.Check
      """;

  @Test
  void theirStatusAndWordsAreContainerds() {
    SoftAssertions all = new SoftAssertions();
    try (TextCalls theirs = new TextCalls(containerd.socket(), "t");
        TextCalls ours = new TextCalls(core.socket(), "t")) {
      for (String line : calls(CALLS)) {
        all.assertThat(outcome(ours, line)).as(shortened(line)).isEqualTo(outcome(theirs, line));
      }
    }
    all.assertAll();
  }

  /** White space and what can't be seen stand as signs; see {@link #filtered}. */
  private static final String BROKEN_FILTERS =
      """
      ,
      .
      foo,
      foo,,bar
      .foo
      foo.
      foo..bar
      foo.,bar
      foo==
      foo!=
      name~=
      foo=
      foo=bar
      foo===bar
      foo=!bar
      foo!bar
      foo~bar
      foo~==bar
      foo == == bar
      foo==,bar
      foo== ,bar
      foo==.bar
      foo==bar baz
      foo==bar·
      foo==bar,·
      foo bar
      foo -
      -foo
      foo-bar
      foo-bar==x
      ==bar
      =
      ~
      foo<bar
      foo>=1
      foo/bar==x
      labels.a/b==x
      /foo/==bar
      |foo|==bar
      foo==/bar/
      foo==|bar|
      foo!=|bar|
      name~=/bar
      name~=|bar
      name~=/a\\.b/
      name~=/a\\d/
      name~=/bar/x
      foo=="bar
      foo=="
      "foo
      "foo"bar
      "foo"=="bar"baz
      foo=="bar" ,x==y z
      foo=="\\q"
      foo=="\\"
      foo=="\\'"
      foo=="\\/"
      foo=="\\x"
      foo=="\\xg0"
      foo=="\\x0"
      foo=="\\u12"
      foo=="\\18"
      foo=="\\400"
      foo=="\\U00110000"
      foo=="a⏎b"
      foo␀
      foo==␀
      foo==a␀
      foo=="a␀b"
      foo=="\\␀"
      ␀
      ␁
      foo ␁
      ä
      foo==b,ä
      fooä==x
      日本==x
      foo 😀
      foo==x⎵
      foo==x⏐y
      foo==x⌷y
      foo==x�y
      �
      foo�
      'foo'==bar
      foo=='bar' baz
      ·
      foo·
      foo⏎
      ·topic==
      """;

  private static final List<String> FILTERED =
      List.of(
          "Images.List",
          "Containers.List",
          "Containers.ListStream",
          "Content.List",
          "Content.ListStatuses",
          "Snapshots.List snapshotter: \"overlayfs\"",
          "Leases.List",
          "Events.Subscribe",
          "Introspection.Plugins",
          "Tasks.Metrics");

  @Test
  void brokenFiltersAreShownWhereAsContainerdShowsIt() {
    SoftAssertions all = new SoftAssertions();
    try (TextCalls theirs = new TextCalls(containerd.socket(), "t");
        TextCalls ours = new TextCalls(core.socket(), "t")) {
      for (String filter : BROKEN_FILTERS.lines().toList()) {
        for (String call : FILTERED) {
          String line = filtered(call, filter);
          all.assertThat(ours.outcome(line)).as(line).isEqualTo(theirs.outcome(line));
        }
      }
    }
    all.assertAll();
  }

  private static final String FILTERS =
      """
      name==i
      name == i
      name==  i
      name==i,labels."l.m"
      labels.l.m
      labels.l.m==v
      labels."l"."m"==v
      labels.l
      labels
      labels==x
      name
      size
      target.digest
      target.mediatype==m
      target.mediaType==m
      target
      annotations.an==no
      name!=␁
      name==␁
      name~=␁
      name~=i
      name~=^i$
      name~=/^(i|j)$/
      name~=|^[a-z]$|
      name~=/(?i)I/
      name~="\\\\pL"
      name~="\\\\Qi\\\\E"
      name~="\\\\Ai\\\\z"
      name~=(
      name~=*
      name~=/^i$|^c$/
      name=="\\x69"
      name=="\\151"
      name=="\\u0069"
      name=="\\U00000069"
      name=="\\UFFFFFF69"
      name~=""
      name!=""
      other!=x
      other==""
      other~=""
      """;

  private static String filtered(String call, String signs) {
    String filter =
        signs
            .replace('·', ' ')
            .replace('⎵', '\u00a0')
            .replace('⏐', '\u2028')
            .replace('⌷', '\u200b')
            .replace('⏎', '\n')
            .replace('␀', '\0')
            .replace('␁', '\1');
    return call + " filters: \"" + TextFormat.escapeBytes(ByteString.copyFromUtf8(filter)) + "\"";
  }

  /**
   * Whether or not anything passes them. Expressions are among them that Go and Java read alike: a
   * core reads them as Java does.
   */
  @Test
  void filtersSelectWhatTheySelectInContainerd() {
    SoftAssertions all = new SoftAssertions();
    try (TextCalls theirs = new TextCalls(containerd.socket(), "t");
        TextCalls ours = new TextCalls(core.socket(), "t")) {
      for (TextCalls client : List.of(theirs, ours)) {
        for (String line : calls(CALLS)) {
          if (line.startsWith("Images.Create") || line.startsWith("Containers.Create")) {
            var _ = outcome(client, line);
          }
        }
      }
      for (String filter : FILTERS.lines().toList()) {
        for (String call : List.of("Images.List", "Containers.List", "Introspection.Plugins")) {
          String line = filtered(call, filter);
          all.assertThat(selected(ours, line)).as(line).isEqualTo(selected(theirs, line));
        }
      }
    }
    all.assertAll();
  }

  private String selected(TextCalls client, String line) {
    String outcome = outcome(client, line);
    // The two are not made of the same parts.
    return line.startsWith("Introspection") && outcome.endsWith("OK") ? "OK" : outcome;
  }

  private static List<String> calls(String text) {
    return text.lines().filter(line -> !line.isEmpty() && !line.startsWith("#")).toList();
  }

  private String outcome(TextCalls client, String line) {
    return client
        .outcome(
            line.replace("HELLO", HELLO)
                .replace("LETTERS", "x".repeat(77))
                .replace("LONG", "y".repeat(4097)))
        .replace(directory.toString(), "DIR")
        .replaceAll("y{100,}", "LONG")
        // containerd answers a commit twice.
        .replaceAll("(?m)^(action: COMMIT .*)\n\\1$", "$1")
        .replaceAll("(started|updated)_at \\{[^}]*\\} ", "")
        .replaceAll("(seconds|nanos): -?\\d+ ?", "")
        // How often names were given, also to what did not come into being.
        .replaceAll("snap/\\d+/", "snap/N/")
        .replaceAll("DIR/(containerd|core)/[\\w./-]*?snapshots/\\d+", "SNAPSHOT");
  }

  private static String shortened(String line) {
    return line.substring(0, Math.min(200, line.length()));
  }
}
