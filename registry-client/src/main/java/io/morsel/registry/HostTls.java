package io.morsel.registry;

import io.morsel.registry.HostConnection.ClientKey;
import java.io.IOException;
import java.net.Socket;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import javax.net.ssl.KeyManager;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509ExtendedTrustManager;
import javax.net.ssl.X509TrustManager;
import okhttp3.ConnectionSpec;
import okhttp3.OkHttpClient;
import org.jspecify.annotations.Nullable;

/** Makes clients for hosts that are connected to in a way of their own. */
final class HostTls {
  private static final char[] NO_PASSWORD = {};

  private HostTls() {}

  /**
   * A client that shares connections and threads with the usual one.
   *
   * @param usual a client that trusts what the machine trusts
   */
  static OkHttpClient client(OkHttpClient usual, HostConnection connection) {
    OkHttpClient.Builder builder =
        usual
            .newBuilder()
            .connectionSpecs(List.of(ConnectionSpec.MODERN_TLS, ConnectionSpec.CLEARTEXT));
    Duration dialTimeout = connection.dialTimeout();
    if (dialTimeout != null) {
      builder.connectTimeout(dialTimeout);
    }
    try {
      X509TrustManager trust = connection.skipVerify() ? new Anyone() : trust(connection);
      SSLContext context = SSLContext.getInstance("TLS");
      context.init(keys(connection.keys()), new TrustManager[] {trust}, null);
      builder.sslSocketFactory(context.getSocketFactory(), trust);
    } catch (GeneralSecurityException | IOException e) {
      // All of it was read before; what is left to fail is the virtual machine's own.
      throw new IllegalStateException("TLS can't be set up: " + e.getMessage(), e);
    }
    if (connection.skipVerify()) {
      builder.hostnameVerifier((_, _) -> true);
    }
    return builder.build();
  }

  private static X509TrustManager trust(HostConnection connection)
      throws GeneralSecurityException, IOException {
    X509TrustManager machine = trust((KeyStore) null);
    if (connection.authorities().isEmpty()) {
      return machine;
    }
    List<X509Certificate> all = new ArrayList<>(List.of(machine.getAcceptedIssuers()));
    all.addAll(connection.authorities());
    KeyStore store = emptyStore();
    for (int i = 0; i < all.size(); i++) {
      store.setCertificateEntry("authority-" + i, all.get(i));
    }
    return trust(store);
  }

  private static X509TrustManager trust(@Nullable KeyStore store) throws GeneralSecurityException {
    TrustManagerFactory factory =
        TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    factory.init(store);
    for (TrustManager manager : factory.getTrustManagers()) {
      if (manager instanceof X509TrustManager found) {
        return found;
      }
    }
    throw new GeneralSecurityException("no trust manager for X.509");
  }

  private static KeyManager[] keys(List<ClientKey> keys)
      throws GeneralSecurityException, IOException {
    KeyStore store = emptyStore();
    for (int i = 0; i < keys.size(); i++) {
      X509Certificate[] chain = keys.get(i).chain().toArray(X509Certificate[]::new);
      store.setKeyEntry("client-" + i, keys.get(i).key(), NO_PASSWORD, chain);
    }
    KeyManagerFactory factory =
        KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
    factory.init(store, NO_PASSWORD);
    return factory.getKeyManagers();
  }

  private static KeyStore emptyStore() throws GeneralSecurityException, IOException {
    KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
    store.load(null, null);
    return store;
  }

  /** Trusts whoever answers: {@code skip_verify}, which an operator has asked for. */
  private static final class Anyone extends X509ExtendedTrustManager {
    @Override
    public void checkClientTrusted(X509Certificate[] chain, String authType) {}

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String authType) {}

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String authType, Socket socket) {}

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String authType, Socket socket) {}

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String authType, SSLEngine engine) {}

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String authType, SSLEngine engine) {}

    @Override
    public X509Certificate[] getAcceptedIssuers() {
      return new X509Certificate[0];
    }
  }
}
