/**
 * Takes all but the command's own words out of what others see of this process (`ps`, /proc/PID/cmdline): a line that was pasted may hold a
 * token. It is imported before anything else, since until then they can be seen.
 */
const words = process.argv.slice(2);
const end = words.findIndex((word) => !/^[a-z-]+$/.test(word) || word.startsWith("-"));
process.title = ["kboot", ...(end < 0 ? words : words.slice(0, end))].join(" ");
