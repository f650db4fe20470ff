/**
 * What is made of a result: an HTML file to look at, Markdown for the README, and a comparison of
 * two results.
 *
 * <p>Start reading at {@link io.morsel.bench.report.HtmlReport}.
 */
@NullMarked
package io.morsel.bench.report;

import org.jspecify.annotations.NullMarked;
