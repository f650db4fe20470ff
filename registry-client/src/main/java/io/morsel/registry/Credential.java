package io.morsel.registry;

/** What proves to a registry who we are; its text form never shows the secret. */
public sealed interface Credential {
  /** No credential: only what is public can be read. */
  record Anonymous() implements Credential {}

  /**
   * A user's name and password, or an access token in the password's place.
   *
   * @param username the user's name
   * @param password the secret
   */
  record UserPassword(String username, String password) implements Credential {
    @Override
    public String toString() {
      return "UserPassword[hidden]";
    }
  }

  /**
   * A refresh token, exchanged for access tokens at the registry's token service (OAuth 2).
   *
   * @param token the secret
   */
  record IdentityToken(String token) implements Credential {
    @Override
    public String toString() {
      return "IdentityToken[hidden]";
    }
  }

  /**
   * An access token sent to the registry as it is.
   *
   * @param token the secret
   */
  record RegistryToken(String token) implements Credential {
    @Override
    public String toString() {
      return "RegistryToken[hidden]";
    }
  }
}
