package io.morsel.prefetch.profile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.morsel.registry.Digest;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Any bytes are a profile or a refusal of it, never another exception. */
final class ProfileFuzzTest {
  private static final Digest IMAGE = Digest.of(new byte[] {1});

  @FuzzTest
  void profile(byte[] bytes) throws Exception {
    parses(bytes);
  }

  private static byte[] sample() {
    List<ChunkUse> uses = new ArrayList<>();
    for (int i = 0; i < 20; i++) {
      uses.add(new ChunkUse(i / 7, 1_000L * i, 900));
    }
    ImageProfile profile =
        ImageProfile.empty(IMAGE)
            .with(
                List.of(IMAGE, Digest.of(new byte[] {2}), Digest.of(new byte[] {3})),
                new RecordedStart(Instant.ofEpochSecond(1_700_000_000), uses),
                false);
    return ProfileJson.write(profile);
  }

  private static boolean parses(byte[] bytes) throws Exception {
    try {
      ImageProfile profile = ProfileJson.parse(bytes);
      assertThat(ProfileJson.parse(ProfileJson.write(profile))).isEqualTo(profile);
      assertThat(profile.forNextStart(5_000).stream().mapToLong(ChunkUse::blobBytes).sum())
          .isBetween(0L, 5_000L);
      return true;
    } catch (ProfileFormatException e) {
      assertThat(e).hasMessageStartingWith("malformed profile: ");
      return false;
    }
  }

  @Test
  void damagedProfiles() throws Exception {
    byte[] good = sample();
    assertThat(parses(good)).isTrue();
    String alphabet = "\"{}[]:,0123456789-.abcdelnsu\\ ";
    int accepted = 0;
    for (long seed = 0; seed < 2_000; seed++) {
      var random = new Random(seed);
      byte[] bad = good.clone();
      for (int i = random.nextInt(1, 5); i > 0; i--) {
        bad[random.nextInt(bad.length)] = (byte) alphabet.charAt(random.nextInt(alphabet.length()));
      }
      try {
        accepted += parses(bad) ? 1 : 0;
      } catch (RuntimeException | AssertionError e) {
        throw new AssertionError("seed " + seed, e);
      }
    }
    assertThat(accepted).isBetween(1, 1_999);
  }

  @Test
  void tooMuchIsRefused() {
    refuses(" ".repeat(ProfileJson.MAX_BYTES) + "{}", "larger");
    refuses("{}", "mediaType");
    refuses("[]", "START_OBJECT");
    refuses(document("\"layers\":[],\"starts\":[]") + "x", "JSON");
    refuses(document("\"layers\":[],\"starts\":[]") + "{}", "follows");
    refuses(document("\"layers\":[],\"starts\":[{\"uses\":[[0,1,2]]}]"), "layer 0 of 0");
    refuses(document("\"layers\":[],\"starts\":[{\"uses\":[[0,1]]}]"), "a length");
    refuses(document("\"layers\":[],\"starts\":[{\"uses\":[[0,-1,2]]}]"), "-1");
    refuses(document("\"layers\":[\"sha256:zz\"],\"starts\":[]"), "sha256");
    refuses(document("\"starts\":[" + "{},".repeat(8) + "{}]"), "more than 8 starts");
    refuses(
        document("\"starts\":[{\"uses\":[[0" + ",1,1".repeat(20_001) + "]]}]"), "more than 20000");
    refuses(
        document(
            "\"layers\":["
                + ("\"" + IMAGE + "\",").repeat(ImageProfile.MAX_LAYERS)
                + "\""
                + IMAGE
                + "\"]"),
        "more than 512 layers");
  }

  private static String document(String rest) {
    return "{\"mediaType\":\""
        + ImageProfile.MEDIA_TYPE
        + "\",\"image\":\""
        + IMAGE
        + "\","
        + rest
        + "}";
  }

  private static void refuses(String json, String reason) {
    assertThatThrownBy(() -> ProfileJson.parse(json.getBytes(StandardCharsets.UTF_8)))
        .isInstanceOf(ProfileFormatException.class)
        .hasMessageContaining(reason);
  }
}
