//! The refunds in the database.

use std::time::Duration;

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
    /// What the library said of it, for the admin pages.
    pub(crate) note: String,
    begun_at: i64,
    /// The end of the lease, and its name.
    pub(crate) followed_until: i64,
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
        followed_until: row.try_get("followed_until")?,
    })
}

/// What became of a refund that was to be stored.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Begun {
    /// It is stored, and leased until then: send it.
    New { followed_until: i64 },
    /// The form was sent before, and so was the refund.
    Repeated,
    /// The number belongs to another refund.
    Other,
    /// The order is not paid, or not so much of it is left.
    TooMuch,
}

impl Orders {
    /// Stores a refund that is to be sent, if so much is left of the order.
    pub(crate) async fn begin_refund(
        &self,
        order: &Order,
        number: &str,
        amount: Price,
        ticket: &str,
        lease: Duration,
    ) -> Result<Begun> {
        // What is left is read and taken in one transaction, or two refunds at once would both find it there.
        let mut transaction = self.begin().await?;
        let known = sqlx::query("SELECT * FROM refunds WHERE number = ?").bind(number);
        if let Some(row) = known.fetch_optional(&mut *transaction).await? {
            let known = refund(&row)?;
            let is_same = known.order_number == order.number && known.amount == amount;
            return Ok(if is_same { Begun::Repeated } else { Begun::Other });
        }
        let left = sqlx::query("SELECT remaining FROM orders_and_deliveries WHERE number = ?")
            .bind(&order.number)
            .fetch_one(&mut *transaction)
            .await?;
        let left: i64 = left.try_get("remaining")?;
        if amount.cents() > left {
            return Ok(Begun::TooMuch);
        }
        let now = now();
        let followed_until = now.saturating_add_unsigned(lease.as_secs());
        let insert = "INSERT INTO refunds (number, order_number, amount, ticket, begun_at, followed_until) VALUES (?, ?, ?, ?, ?, ?)";
        sqlx::query(insert)
            .bind(number)
            .bind(&order.number)
            .bind(amount.cents())
            .bind(ticket)
            .bind(now)
            .bind(followed_until)
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(Begun::New { followed_until })
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

    /// Takes over the refunds whose outcome is not known and which nobody follows: the lease of the process that did has passed, or it has given up.
    pub(crate) async fn take_over_refunds(&self, lease: Duration) -> Result<Vec<Refund>> {
        let now = now();
        let update = sqlx::query(
            "UPDATE refunds SET followed_until = ? WHERE state IN ('sent', 'unknown') AND followed_until <= ? RETURNING *",
        );
        update
            .bind(now.saturating_add_unsigned(lease.as_secs()))
            .bind(now)
            .fetch_all(&self.pool)
            .await?
            .iter()
            .map(refund)
            .collect()
    }

    /// The refund was made.
    pub(crate) async fn refund_done(&self, number: &str) -> std::result::Result<(), BoxError> {
        let mut transaction = self.begin().await?;
        sqlx::query("UPDATE refunds SET state = 'done', note = '', followed_until = 0 WHERE number = ?")
            .bind(number)
            .execute(&mut *transaction)
            .await?;
        let total = "UPDATE orders SET refunded = max(refunded, refunded_elsewhere +
                (SELECT sum(amount) FROM refunds WHERE order_number = orders.number AND refunds.state = 'done'))
             WHERE number = (SELECT order_number FROM refunds WHERE number = ?)";
        sqlx::query(total).bind(number).execute(&mut *transaction).await?;
        transaction.commit().await?;
        Ok(())
    }

    /// The refund was not made and will not be, says the process with this lease.
    pub(crate) async fn refund_failed(
        &self,
        number: &str,
        followed_until: i64,
        why: &str,
    ) -> std::result::Result<(), BoxError> {
        // A failed refund's amount can be refunded again. So nobody else may be following it: whoever has taken it over may be sending it.
        let update =
            "UPDATE refunds SET state = 'failed', note = ?, followed_until = 0 WHERE number = ? AND followed_until = ?";
        sqlx::query(update)
            .bind(why)
            .bind(number)
            .bind(followed_until)
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// The process with this lease does not know what became of the refund, and gives it up; with this ticket it can be found out later.
    pub(crate) async fn refund_unknown(
        &self,
        number: &str,
        followed_until: i64,
        ticket: &str,
        why: &str,
    ) -> std::result::Result<(), BoxError> {
        let update = "UPDATE refunds SET state = 'unknown', ticket = ?, note = ?, followed_until = 0 WHERE number = ? AND followed_until = ?";
        sqlx::query(update)
            .bind(ticket)
            .bind(why)
            .bind(number)
            .bind(followed_until)
            .execute(&self.pool)
            .await?;
        Ok(())
    }
}
