package io.morsel.cli.run;

import io.morsel.registry.ImageConfig;
import io.morsel.registry.Manifest;
import io.morsel.runtime.oci.ImageSettings;

/**
 * An image that a core knows.
 *
 * @param name what it is called there
 * @param manifest its manifest for the platform
 * @param config its configuration
 * @param settings what the configuration says of containers
 */
record CoreImage(String name, Manifest manifest, ImageConfig config, ImageSettings settings) {}
