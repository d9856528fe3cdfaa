import { browserClock } from './clock';
import { Page } from './page';
import { submit } from './posts';
import { findPage } from './tree';

function begin(): void {
    const script = document.getElementById('holdfast');
    const start = findPage();
    if (!script?.dataset.ticket || !start)
        return;
    new Page(start, script, {
        clock: browserClock,
        storage: attempt(() => sessionStorage),
        locks: navigator.locks,
        openChannel: name => attempt(() => new BroadcastChannel(name)),
        openSocket: url => new WebSocket(url),
        fetch: (url, init) => fetch(url, init),
        reload: () => location.reload(),
        load: url => location.assign(url),
        submit,
    }).start();
}

/** Where cookies are blocked, even the mention of storage throws. */
function attempt<T>(get: () => T): T | undefined {
    try {
        return get();
    } catch {
        return undefined;
    }
}

function whenParsed(): void {
    if (document.readyState === 'loading')
        document.addEventListener('DOMContentLoaded', begin, { once: true });
    else
        begin();
}

// A page that is only rendered ahead has no user yet.
if ((document as { prerendering?: boolean }).prerendering)
    document.addEventListener('prerenderingchange', whenParsed, { once: true });
else
    whenParsed();
