/** Where kboot keeps its own on a host, as sh in or out of double quotes. Tests put it elsewhere. */
// biome-ignore lint/suspicious/noTemplateCurlyInString: a parameter of sh
export const stateFolder = "${KBOOT_STATE_DIR:-/var/lib/kboot}";
