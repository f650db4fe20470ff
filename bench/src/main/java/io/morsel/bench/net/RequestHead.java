package io.morsel.bench.net;

/**
 * What is kept of a request's head.
 *
 * @param target what is asked for; cut where it is very long
 * @param range the Range header's value; empty without one
 */
record RequestHead(String target, String range) {}
