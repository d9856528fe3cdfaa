import { Alarm, type Clock } from './clock';
import { PatchesPerAck, Time } from './constants';

/** Owns the sequence of the last patch applied and when the server is told of it. */
export class Acknowledgement {
    readonly #send: (sequence: number) => void;
    readonly #late: Alarm;
    #untold = 0;
    sequence = 0;

    constructor(clock: Clock, send: (sequence: number) => void) {
        this.#send = send;
        this.#late = new Alarm(clock);
    }

    applied(sequence: number): void {
        this.sequence = sequence;
        if (++this.#untold >= PatchesPerAck)
            this.#tell();
        else if (!this.#late.isSet)
            this.#late.set(Time.Ack, () => this.#tell());
    }

    /** Another frame told the sequence, or a join made it known. */
    told(): void {
        this.#untold = 0;
        this.#late.clear();
    }

    #tell(): void {
        this.told();
        this.#send(this.sequence);
    }
}
