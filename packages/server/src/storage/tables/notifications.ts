/** Tables of notifications by mail. */

/** The tables of notifications by name. */
export interface NotificationSchema {
  mail_subscription: MailSubscriptionTable;
  mail_notice: MailNoticeTable;
}

/**
 * Who is told of what. One address of an organisation stands once for a kind among those that are not removed. Nothing but the question goes out
 * before `confirmed_at`; `code_hash` (SHA-256, hex) is that of the code which confirms until `code_ends_at`. `sent_at`: when it was told last.
 */
export interface MailSubscriptionTable {
  id: string;
  organisation_id: string;
  address: string;
  kind: 'watch.finding';
  least_severity: 'note' | 'low' | 'medium' | 'high' | 'critical';
  pace: 'immediately' | 'daily';
  code_hash: string | null;
  code_ends_at: number | null;
  confirmed_at: number | null;
  sent_at: number | null;
  actor: string;
  created_at: number;
  removed_at: number | null;
}

/**
 * Something to be said, once: unique by (subscription_id, finding_id, change), where `change` is the number in the finding's history. It is said
 * at `due_at`, and no longer after `gives_up_at`. `merged`: another notice says it. `last_error` is a code.
 */
export interface MailNoticeTable {
  id: string;
  subscription_id: string;
  kind: 'question' | 'trial' | 'finding';
  finding_id: string | null;
  change: number | null;
  state: 'waiting' | 'sent' | 'merged' | 'dead';
  due_at: number;
  gives_up_at: number;
  attempts: number;
  last_error: string | null;
  ended_at: number | null;
}
