/**
 * What Morsel's durable metadata is kept in: {@link io.morsel.snapshotter.database.Database}, where
 * reading starts and ends.
 */
@NullMarked
package io.morsel.snapshotter.database;

import org.jspecify.annotations.NullMarked;
