/** The words of docs/protocol.md, each written once, and the times that the client keeps. */

export const ProtocolVersion = 1;

/** Frames of the page. */
export const enum Send { Join = 'join', Fields = 'fields', Event = 'event', Ack = 'ack', Ping = 'ping', Leave = 'leave' }

/** Frames of the server. */
export const enum Receive {
    Joined = 'joined',
    Patch = 'patch',
    Ack = 'ack',
    Error = 'error',
    Wait = 'wait',
    Ticket = 'ticket',
    Navigate = 'navigate',
    Head = 'head',
    GoAway = 'goaway',
}

/** What the data of a comment says about the nodes that follow. */
export const enum Marker { Page = 'holdfast', Head = 'holdfast-head', Component = 'c', Markup = 'm', Separator = 't', Empty = 'e' }

export const HandlerAttribute = 'data-hf';
export const ImpliedAttribute = 'data-hf-implied';
/** What an element of a page was given to post without the script. */
export const PostAttribute = 'data-hf-post';
/** The parameter of an address to which a POST led. */
export const PostKey = 'holdfast-post';
/** The form around all that is in none, and the field with what the server wants back. */
export const PostForm = 'holdfast-post';
export const StateField = 'holdfast';
/** The name of a button that posts a click begins so; live, it submits nothing. */
export const ClickPrefix = 'hf:click:';
export const StatusAttribute = 'data-holdfast';

/** Where `sessionStorage` has the id of the tab; also the name of the form field that names it in a POST. */
export const TabKey = 'holdfast-tab';
/** Where `sessionStorage` has until when forms are posted at once, since no socket could be had. */
export const FormsKey = 'holdfast-forms';
/** The form field with the ref of an event that is posted: two equal clicks are two posts. */
export const RefKey = 'holdfast-ref';

export const enum Close { GoingAway = 1001, Ticket = 4001, TakenOver = 4002, Forbidden = 4003, Version = 4004 }

/** Milliseconds, from docs/protocol.md where it names them, else chosen. */
export const enum Time {
    Ping = 20_000,
    Dead = 45_000,
    /** After a sign that the network changed, an open socket must answer within this. */
    Probe = 5_000,
    /** Without a first join for this long, the page goes by POST. */
    Undecided = 5_000,
    /** How long a tab remembers that no socket could be had. Chosen: some pages of a visit. */
    Forms = 300_000,
    BackOffBase = 250,
    BackOffCap = 30_000,
    /** A join that held this long ends a series of failures. */
    Stable = 5_000,
    /** A patch is acknowledged at the latest after this. */
    Ack = 1_000,
    /** Frames that were under way when a resend began ask for it once more; they are heard once in this time. */
    Resend = 250,
    /** Without a socket for this long, the page is shown as offline. */
    Offline = 1_000,
    /** An event that waits this long for its ack is shown as unsaved. */
    Unsaved = 3_000,
    /** How long a failed action is shown. Chosen: long enough to be read. */
    Failed = 6_000,
    /** What is restored after a reload is hidden at most this long. */
    Veil = 500,
    /** How long a lock of the tab may still be held by the document that this one replaces. */
    TabLock = 300,
    /**
     * A page out of the bfcache lets the one before it let go of the tab first: Chromium throws a page out of the cache when another asks for, or
     * about, a lock that it still holds. Measured: a turn of the event loop is enough; chosen longer.
     */
    Return = 50,
    /** How long another document has to say that the tab is its own. */
    TabInquiry = 150,
    /** How long a navigation waits for the acks of the page being left. */
    Navigate = 10_000,
}

/** This many patches are acknowledged at once. */
export const PatchesPerAck = 8;

/** This many events wait; then the page takes no more. */
export const MaxEvents = 100;
