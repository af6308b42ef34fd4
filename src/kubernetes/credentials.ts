/** Keys under which containerd's configuration may hold credentials of registries. */
const credentialKeys: ReadonlySet<string> = new Set(["auth", "password", "identitytoken", "token", "username"]);

/** Free-form settings without the credentials in them. */
export function withoutCredentials(settings: unknown): unknown {
  if (Array.isArray(settings)) return settings.map(withoutCredentials);
  if (typeof settings !== "object" || settings === null) return settings;
  const open = Object.entries(settings).filter(([key]) => !credentialKeys.has(key));
  return Object.fromEntries(open.map(([key, inner]) => [key, withoutCredentials(inner)]));
}

/** True when free-form settings hold a credential: the file that they stand in is for root alone, and is never shown. */
export function hasCredentials(settings: unknown): boolean {
  if (typeof settings !== "object" || settings === null) return false;
  return Object.entries(settings).some(([key, inner]) => credentialKeys.has(key) || hasCredentials(inner));
}
