// What a person chose, kept by the browser for the next visit.

const KEY = 'shadowtutor';
const DEFAULTS = { effect: 'overlay', source: 'user', width: '640', budget: '0', keyFrames: '0', mirror: true, token: '' };

export function loadSettings() {
  try {
    const stored = JSON.parse(localStorage.getItem(KEY));
    return Object.fromEntries(Object.entries(DEFAULTS).map(([name, value]) => [
      name, typeof stored?.[name] === typeof value ? stored[name] : value]));
  } catch {  // not allowed, or not ours
    return { ...DEFAULTS };
  }
}

export function storeSettings(settings) {
  try {
    localStorage.setItem(KEY, JSON.stringify(settings));
  } catch { /* private windows of some browsers keep nothing */ }
}
