/** The table of the outer bus. */

/**
 * An event for other processes; primary key id, the event's. `position` grows by one from event to event, without holes, in the order in which they
 * became visible. `event` is what is carried, byte for byte. Kept for seven days; the last one stays, so that positions go on.
 */
export interface BusEventTable {
  id: string;
  position: number;
  event: string;
  at: number;
  carried_at: number | null;
}
