import { Alarm, type Clock } from './clock';
import { StatusAttribute, Time } from './constants';

export type PageStatus = 'live' | 'saving' | 'unsaved' | 'offline' | 'forms';

/** What the live region says; `data-text-…` on the script's element says it in another language. */
const texts: Record<string, string> = {
    offline: 'The connection is lost. Trying to reconnect.',
    unsaved: 'Changes are not saved yet.',
    live: 'Connected again. All changes are saved.',
    forms: 'Each button loads the page again.',
    error: 'The last action did not succeed.',
};

/** For screen readers only. */
const Hidden = 'position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap';

/** A failed action is told to everybody, for a while. */
const Visible = 'position:fixed;inset:auto 0 1.5rem;margin:auto;width:fit-content;max-width:90vw;padding:.7em 1.2em;'
    + 'border-radius:.5em;background:#991b1b;color:#fff;z-index:2147483647';

/**
 * Owns what the user is told: `data-holdfast` on the root, a live region, and the warning before the page is left with
 * unsaved events.
 */
export class Status {
    readonly #clock: Clock;
    readonly #ownTexts: DOMStringMap;
    readonly #region = document.createElement('div');
    readonly #next: Alarm;
    readonly #hide: Alarm;
    #shown: PageStatus | undefined;
    #wasJoined = false;
    #isJoined = false;
    #posts = false;
    #lostAt: number;
    #oldest: number | undefined;
    #isAlarmed = false;
    #warns = false;

    constructor(clock: Clock, ownTexts: DOMStringMap) {
        this.#clock = clock;
        this.#ownTexts = ownTexts;
        this.#next = new Alarm(clock);
        this.#hide = new Alarm(clock);
        this.#lostAt = clock.now();
    }

    start(): void {
        this.#region.setAttribute('role', 'status');
        this.#region.setAttribute('aria-live', 'polite');
        this.#region.style.cssText = Hidden;
        document.body.append(this.#region);
        window.addEventListener('online', this.#update);
        window.addEventListener('offline', this.#update);
        this.#update();
    }

    stop(): void {
        window.removeEventListener('online', this.#update);
        window.removeEventListener('offline', this.#update);
        this.#next.clear();
        this.#hide.clear();
        this.#warn(false);
        this.#region.remove();
        document.documentElement.removeAttribute(StatusAttribute);
    }

    joined(): void {
        this.#wasJoined = this.#isJoined = true;
        this.#posts = false;
        this.#update();
    }

    /** No socket can be had, and the page goes by POST. */
    posts(): void {
        this.#posts = true;
        this.#update();
    }

    lost(): void {
        if (this.#isJoined)
            this.#lostAt = this.#clock.now();
        this.#isJoined = false;
        this.#update();
    }

    /** When the oldest event that is not settled was queued; undefined: all are. */
    waiting(oldest: number | undefined): void {
        this.#oldest = oldest;
        this.#warn(oldest !== undefined);
        this.#update();
    }

    failed(): void {
        this.#say('error');
        this.#region.style.cssText = Visible;
        this.#hide.set(Time.Failed, () => {
            this.#region.style.cssText = Hidden;
        });
        // What is said of the connection afterwards would take the place of this.
        this.#isAlarmed = false;
    }

    /** The page is left on purpose, with all it has to say. */
    leave(): void {
        this.#warn(false);
    }

    readonly #update = (): void => {
        const now = this.#clock.now();
        const status = this.#statusAt(now);
        const changes = [this.#lostAt + Time.Offline, (this.#oldest ?? -Infinity) + Time.Unsaved].filter(at => at > now);
        this.#next.clear();
        if (changes.length)
            this.#next.set(Math.min(...changes) - now, this.#update);
        if (!status || status === this.#shown)
            return;
        this.#shown = status;
        document.documentElement.setAttribute(StatusAttribute, status);
        document.dispatchEvent(new CustomEvent('holdfast:status', { detail: status }));
        this.#announce(status);
    };

    #statusAt(now: number): PageStatus | undefined {
        const waits = this.#oldest !== undefined;
        if (waits && ((this.#wasJoined && !this.#isJoined) || now >= this.#oldest! + Time.Unsaved))
            return 'unsaved';
        if (navigator.onLine && this.#isJoined)
            return waits ? 'saving' : 'live';
        if (navigator.onLine && this.#posts)
            return 'forms';
        return !navigator.onLine || now >= this.#lostAt + Time.Offline ? 'offline' : undefined;
    }

    #announce(status: PageStatus): void {
        const isAlarm = status === 'offline' || status === 'unsaved';
        if (isAlarm || (this.#isAlarmed && status !== 'saving'))
            this.#say(status);
        this.#isAlarmed = isAlarm || (this.#isAlarmed && status === 'saving');
    }

    #say(what: string): void {
        const own = this.#ownTexts['text' + what[0]!.toUpperCase() + what.slice(1)];
        this.#region.textContent = own ?? texts[what]!;
    }

    /** The listener keeps pages out of the bfcache of some browsers, so it exists only while it is needed. */
    #warn(warns: boolean): void {
        if (warns === this.#warns)
            return;
        this.#warns = warns;
        if (warns)
            window.addEventListener('beforeunload', prevent);
        else
            window.removeEventListener('beforeunload', prevent);
    }
}

const prevent = (event: Event) => event.preventDefault();
