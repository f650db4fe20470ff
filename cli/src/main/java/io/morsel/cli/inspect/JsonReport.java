package io.morsel.cli.inspect;

import io.morsel.cli.inspect.LayerInspector.Finding;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** What was found, for programs. */
final class JsonReport {
  private JsonReport() {}

  static String of(InspectJob.Report report) {
    ObjectNode document = JsonMapper.shared().createObjectNode();
    document.put("image", report.name());
    document.put("digest", report.image().target().digest().toString());
    document.put("media_type", report.image().target().mediaType());
    document.put("manifest_digest", report.image().manifestDescriptor().digest().toString());
    document.put("platform", report.platform().toString());
    ArrayNode platforms = document.putArray("platforms");
    report.platforms().forEach(platforms::add);
    ArrayNode layers = document.putArray("layers");
    for (Finding finding : report.layers()) {
      layer(layers.addObject(), finding);
    }
    return document.toPrettyString();
  }

  private static void layer(ObjectNode node, Finding finding) {
    LayerReport layer = finding.report();
    node.put("digest", layer.digest());
    node.put("media_type", layer.mediaType());
    node.put("format", layer.format());
    node.put("size_bytes", layer.sizeBytes());
    node.put("lazy", layer.lazy());
    node.put("why", layer.why());
    node.put("toc_digest_in_manifest", layer.namedTocDigest());
    LayerReport.Toc toc = layer.toc();
    if (toc != null) {
      node.put("toc_digest", toc.digest());
      node.put("content_bytes", toc.contentBytes());
      node.put("entries", toc.entries());
      node.put("chunks", toc.chunks());
      if (toc.prefetchBytes() >= 0) {
        node.put("prefetch_bytes", toc.prefetchBytes());
      } else {
        node.putNull("prefetch_bytes");
      }
    }
    if (!finding.files().isEmpty()) {
      ArrayNode files = node.putArray("files");
      finding.files().forEach(files::add);
    }
  }
}
