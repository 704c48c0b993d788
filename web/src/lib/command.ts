/** Commands are told from prose by their look: a line that begins like a command and does not end like a sentence. */
const BEGINS = /^(sudo|apt|apt-get|dnf|yum|apk|pip|npm|systemctl|chmod|chown|sysctl|passwd|usermod|sed|echo|rm|mv|printf|install|vipw|visudo) /;

export function isCommand(text: string): boolean {
  return BEGINS.test(text) && !/[.!?]$/.test(text);
}
