/**
 * {@code morsel convert}: makes an image lazily readable, and writes it to a registry or an OCI
 * image layout.
 *
 * <p>Start reading at {@link io.morsel.cli.convert.ImageConverter}, which converts an image; {@link
 * io.morsel.cli.convert.ConvertJob} is the command around it.
 */
@NullMarked
package io.morsel.cli.convert;

import org.jspecify.annotations.NullMarked;
