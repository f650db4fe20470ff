/**
 * Leases: {@link io.morsel.runtime.lease.LeasesService} over {@link
 * io.morsel.runtime.lease.LeaseStore}; {@link io.morsel.runtime.lease.Holds} is for whoever creates
 * something under a lease.
 */
@NullMarked
package io.morsel.runtime.lease;

import org.jspecify.annotations.NullMarked;
