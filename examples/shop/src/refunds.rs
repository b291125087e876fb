//! The refunds in the database.

use alipay_api::types::{DateTime, Price};
use axum::BoxError;
use sqlx::{Row, sqlite::SqliteRow};

use crate::orders::{Order, Orders, now};

type Result<T> = std::result::Result<T, sqlx::Error>;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// Stored, and sent or about to be.
    Sent,
    /// Nobody could say yet what became of it.
    Unknown,
    Done,
    /// Not made, for good.
    Failed,
}

#[derive(Clone, Debug)]
pub(crate) struct Refund {
    /// The `out_request_no`.
    pub(crate) number: String,
    pub(crate) order_number: String,
    pub(crate) amount: Price,
    pub(crate) state: State,
    pub(crate) ticket: String,
    /// What the library said of it, for the shop-keeper.
    pub(crate) note: String,
    begun_at: i64,
}

impl Refund {
    pub(crate) fn begun(&self) -> String {
        DateTime::from_unix_seconds(self.begun_at).map_or_else(String::new, |time| time.to_string())
    }
}

fn refund(row: &SqliteRow) -> Result<Refund> {
    Ok(Refund {
        number: row.try_get("number")?,
        order_number: row.try_get("order_number")?,
        amount: Price::from_cents(row.try_get("amount")?),
        state: match row.try_get("state")? {
            "sent" => State::Sent,
            "done" => State::Done,
            "failed" => State::Failed,
            _ => State::Unknown,
        },
        ticket: row.try_get("ticket")?,
        note: row.try_get("note")?,
        begun_at: row.try_get("begun_at")?,
    })
}

/// What became of a refund that was to be stored.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Begun {
    /// It is stored: send it.
    New,
    /// The form was sent before, and so was the refund.
    Repeated,
    /// The number belongs to another refund.
    Other,
    /// The order is not paid, or not so much of it is left.
    TooMuch,
}

impl Orders {
    /// Stores a refund that is to be sent, if so much is left of the order.
    pub(crate) async fn begin_refund(&self, order: &Order, number: &str, amount: Price, ticket: &str) -> Result<Begun> {
        // What is left is read and taken in one transaction, or two refunds at once would both find it there.
        let mut transaction = self.begin().await?;
        let known = sqlx::query("SELECT * FROM refunds WHERE number = ?").bind(number);
        if let Some(row) = known.fetch_optional(&mut *transaction).await? {
            let known = refund(&row)?;
            let is_same = known.order_number == order.number && known.amount == amount;
            return Ok(if is_same { Begun::Repeated } else { Begun::Other });
        }
        // A refund that is not known to have failed may have been made. Alipay's own total has those that were made elsewhere, too.
        let left = "SELECT total - max(refunded, (SELECT coalesce(sum(amount), 0) FROM refunds WHERE order_number = ?1 AND state <> 'failed')) AS remaining
             FROM orders WHERE number = ?1 AND state = 'paid'";
        let left = sqlx::query(left)
            .bind(&order.number)
            .fetch_optional(&mut *transaction)
            .await?;
        let left: i64 = left.map_or(Ok(0), |row| row.try_get("remaining"))?;
        if amount.cents() > left {
            return Ok(Begun::TooMuch);
        }
        sqlx::query("INSERT INTO refunds (number, order_number, amount, ticket, begun_at) VALUES (?, ?, ?, ?, ?)")
            .bind(number)
            .bind(&order.number)
            .bind(amount.cents())
            .bind(ticket)
            .bind(now())
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(Begun::New)
    }

    pub(crate) async fn refunds_of(&self, order: &Order) -> Result<Vec<Refund>> {
        let query = sqlx::query("SELECT * FROM refunds WHERE order_number = ? ORDER BY begun_at, number");
        query
            .bind(&order.number)
            .fetch_all(&self.pool)
            .await?
            .iter()
            .map(refund)
            .collect()
    }

    /// Takes over the refunds whose outcome is unknown, and those that another process had sent when it ended, if `of_ended_processes`: they are
    /// [`Sent`](State::Sent) from now on.
    pub(crate) async fn take_over_refunds(&self, of_ended_processes: bool) -> Result<Vec<Refund>> {
        let update = sqlx::query(
            "UPDATE refunds SET state = 'sent' WHERE state = 'unknown' OR (state = 'sent' AND ?) RETURNING *",
        );
        update
            .bind(of_ended_processes)
            .fetch_all(&self.pool)
            .await?
            .iter()
            .map(refund)
            .collect()
    }

    /// The refund was made.
    pub(crate) async fn refund_done(&self, number: &str) -> std::result::Result<(), BoxError> {
        let mut transaction = self.begin().await?;
        sqlx::query("UPDATE refunds SET state = 'done', note = '' WHERE number = ?")
            .bind(number)
            .execute(&mut *transaction)
            .await?;
        let total = "UPDATE orders SET refunded = max(refunded, (SELECT sum(amount) FROM refunds WHERE order_number = orders.number AND state = 'done'))
             WHERE number = (SELECT order_number FROM refunds WHERE number = ?)";
        sqlx::query(total).bind(number).execute(&mut *transaction).await?;
        transaction.commit().await?;
        Ok(())
    }

    /// The refund was not made and will not be.
    pub(crate) async fn refund_failed(&self, number: &str, why: &str) -> std::result::Result<(), BoxError> {
        // What another process has found out for good stays.
        sqlx::query("UPDATE refunds SET state = 'failed', note = ? WHERE number = ? AND state <> 'done'")
            .bind(why)
            .bind(number)
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// It is not known yet what became of the refund; with this ticket it can be found out later.
    pub(crate) async fn refund_unknown(
        &self,
        number: &str,
        ticket: &str,
        why: &str,
    ) -> std::result::Result<(), BoxError> {
        sqlx::query("UPDATE refunds SET state = 'unknown', ticket = ?, note = ? WHERE number = ? AND state = 'sent'")
            .bind(ticket)
            .bind(why)
            .bind(number)
            .execute(&self.pool)
            .await?;
        Ok(())
    }
}
