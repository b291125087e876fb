//! The database, and the orders in it.
//!
//! What is paid is delivered here, and only here: [`Orders::paid`] changes the order and makes the delivery in one transaction, whoever calls it and
//! however often.

use std::{
    path::Path,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use alipay_api::types::{DateTime, Price};
use axum::BoxError;
use sqlx::{
    Row, Sqlite, SqlitePool, Transaction,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteRow, SqliteSynchronous},
};

use crate::products::Product;

type Result<T> = std::result::Result<T, sqlx::Error>;

/// How many orders may be open at once: whoever places more of them than a shop can have would keep it busy with asking for them.
const MOST_OPEN_ORDERS: u32 = 10_000;

/// The shop's database. Clones are the same one.
#[derive(Clone, Debug)]
pub(crate) struct Orders {
    pub(crate) pool: SqlitePool,
}

/// How an order is paid.
///
/// It is chosen once: an order that could be paid by two ways at once would need two numbers at Alipay, and could be paid twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// On Alipay's page.
    Page,
    /// With a QR code that the shop shows.
    Qr,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    Open,
    Paid,
    Closed,
}

#[derive(Clone, Debug)]
pub(crate) struct Order {
    /// The `out_trade_no`. It is also what lets a buyer see the order's page: nobody can guess it.
    pub(crate) number: String,
    pub(crate) product: String,
    pub(crate) title: String,
    pub(crate) quantity: i64,
    pub(crate) total: Price,
    pub(crate) way: Way,
    pub(crate) state: State,
    pub(crate) placed_at: i64,
    pub(crate) expires_at: i64,
    pub(crate) qr_code: Option<String>,
    pub(crate) refunded: Price,
    /// What can still be refunded.
    pub(crate) remaining: Price,
    /// What was delivered.
    pub(crate) pickup_code: Option<String>,
}

impl Order {
    pub(crate) fn is_open(&self) -> bool {
        self.state == State::Open
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.state == State::Closed
    }

    pub(crate) fn is_paid(&self) -> bool {
        self.state == State::Paid
    }

    /// Whether the buyer has all of the money back: what was delivered is not to be handed out.
    pub(crate) fn is_refunded_in_full(&self) -> bool {
        self.refunded >= self.total
    }

    pub(crate) fn is_qr(&self) -> bool {
        self.way == Way::Qr
    }

    pub(crate) fn lacks_code(&self) -> bool {
        self.is_open() && self.is_qr() && self.qr_code.is_none()
    }

    /// Whether Alipay takes no payment for it any more.
    pub(crate) fn is_expired(&self) -> bool {
        self.expires_at <= now()
    }

    /// When it was placed, in Beijing time.
    pub(crate) fn placed(&self) -> String {
        DateTime::from_unix_seconds(self.placed_at).map_or_else(String::new, |time| time.to_string())
    }
}

/// Reads a row of the view `orders_and_deliveries`.
fn order(row: &SqliteRow) -> Result<Order> {
    Ok(Order {
        number: row.try_get("number")?,
        product: row.try_get("product")?,
        title: row.try_get("title")?,
        quantity: row.try_get("quantity")?,
        total: Price::from_cents(row.try_get("total")?),
        way: match row.try_get("way")? {
            "qr" => Way::Qr,
            _ => Way::Page,
        },
        state: match row.try_get("state")? {
            "paid" => State::Paid,
            "closed" => State::Closed,
            _ => State::Open,
        },
        placed_at: row.try_get("placed_at")?,
        expires_at: row.try_get("expires_at")?,
        qr_code: row.try_get("qr_code")?,
        refunded: Price::from_cents(row.try_get("refunded")?),
        remaining: Price::from_cents(row.try_get("remaining")?),
        pickup_code: row.try_get("pickup_code")?,
    })
}

impl Orders {
    /// Opens the file, or makes it.
    pub(crate) async fn open(file: &Path) -> Result<Self> {
        let options = SqliteConnectOptions::new()
            .filename(file)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            // What was answered with `success` is not sent again: it has to be on the disk by then.
            .synchronous(SqliteSynchronous::Full)
            // Another process of the shop may be writing.
            .busy_timeout(Duration::from_secs(10));
        // SQLite has one writer at a time. To wait for the connection is fair; to wait for the file's lock is not.
        let pool = SqlitePoolOptions::new()
            .max_connections(1)
            .connect_with(options)
            .await?;
        sqlx::raw_sql(include_str!("schema.sql")).execute(&pool).await?;
        Ok(Self { pool })
    }

    /// Begins to write. `IMMEDIATE` takes the lock at once: what is read then can't be changed by anybody else before it is written.
    pub(crate) async fn begin(&self) -> Result<Transaction<'static, Sqlite>> {
        self.pool.begin_with("BEGIN IMMEDIATE").await
    }

    /// Places an order, or finds the one that was placed with this form: a form that is sent twice is one order. `None` if
    /// too many are open.
    pub(crate) async fn place(
        &self,
        form: &str,
        product: &Product,
        quantity: u8,
        way: Way,
        lifetime: Duration,
    ) -> std::result::Result<Option<Order>, BoxError> {
        let now = now();
        let insert = "INSERT INTO orders (number, form, product, title, quantity, total, way, placed_at, expires_at)
             SELECT ?, ?, ?, ?, ?, ?, ?, ?, ? WHERE (SELECT count(*) FROM orders WHERE state = 'open') < ?
             ON CONFLICT (form) DO NOTHING";
        sqlx::query(insert)
            .bind(new_number()?)
            .bind(form)
            .bind(product.id)
            .bind(product.title)
            .bind(quantity)
            .bind(product.price.cents() * i64::from(quantity))
            .bind(match way {
                Way::Page => "page",
                Way::Qr => "qr",
            })
            .bind(now)
            .bind(now.saturating_add_unsigned(lifetime.as_secs()))
            .bind(MOST_OPEN_ORDERS)
            .execute(&self.pool)
            .await?;
        let placed = sqlx::query("SELECT * FROM orders_and_deliveries WHERE form = ?").bind(form);
        let placed = placed.fetch_optional(&self.pool).await?;
        Ok(placed.as_ref().map(order).transpose()?)
    }

    pub(crate) async fn find(&self, number: &str) -> Result<Option<Order>> {
        let query = sqlx::query("SELECT * FROM orders_and_deliveries WHERE number = ?").bind(number);
        query.fetch_optional(&self.pool).await?.as_ref().map(order).transpose()
    }

    /// The latest hundred, for the admin pages.
    pub(crate) async fn latest(&self) -> Result<Vec<Order>> {
        let query = sqlx::query("SELECT * FROM orders_and_deliveries ORDER BY placed_at DESC, number LIMIT 100");
        query.fetch_all(&self.pool).await?.iter().map(order).collect()
    }

    /// Notes that the buyer gets to Alipay with this order. Says whether he may: it is open, and its time is not over.
    pub(crate) async fn offer(&self, number: &str) -> Result<bool> {
        let update =
            sqlx::query("UPDATE orders SET offered = 1 WHERE number = ? AND state = 'open' AND expires_at > ?");
        let updated = update.bind(number).bind(now()).execute(&self.pool).await?;
        Ok(updated.rows_affected() > 0)
    }

    /// Closes orders whose time is over and with which nobody got to Alipay.
    pub(crate) async fn close_unoffered(&self) -> Result<()> {
        let update = "UPDATE orders SET state = 'closed' WHERE state = 'open' AND offered = 0 AND expires_at <= ?";
        sqlx::query(update).bind(now()).execute(&self.pool).await?;
        Ok(())
    }

    /// Those that may be paid without our knowing it.
    pub(crate) async fn open_orders(&self) -> Result<Vec<Order>> {
        let query =
            sqlx::query("SELECT * FROM orders_and_deliveries WHERE state = 'open' AND offered = 1 ORDER BY placed_at");
        query.fetch_all(&self.pool).await?.iter().map(order).collect()
    }

    pub(crate) async fn keep_qr_code(&self, number: &str, code: &str) -> Result<()> {
        let update = sqlx::query("UPDATE orders SET qr_code = ? WHERE number = ?").bind(code);
        update.bind(number).execute(&self.pool).await?;
        Ok(())
    }

    /// Whether the gateway may be asked for this order because a browser wants to know: not again within a few seconds, however many browsers ask.
    pub(crate) async fn may_ask(&self, number: &str) -> Result<bool> {
        let update =
            sqlx::query("UPDATE orders SET asked_at = ? WHERE number = ? AND state = 'open' AND asked_at <= ?");
        let now = now();
        let updated = update.bind(now).bind(number).bind(now - 3).execute(&self.pool).await?;
        Ok(updated.rows_affected() > 0)
    }

    /// The buyer's money is there: the order is paid, and is delivered. Says whether this call did it; of all calls, one does.
    ///
    /// Only call it with Alipay's proven word that this order was paid with this amount.
    pub(crate) async fn paid(&self, number: &str, trade_no: Option<&str>) -> std::result::Result<bool, BoxError> {
        let mut transaction = self.begin().await?;
        let is_delivered = deliver_once(&mut transaction, number, trade_no).await?;
        transaction.commit().await?;
        Ok(is_delivered)
    }

    /// Money went back: `total_refunded` is what went back in all. The order was paid for that, even if this is the first we hear of it.
    pub(crate) async fn refunded(
        &self,
        order: &Order,
        trade_no: Option<&str>,
        total_refunded: Price,
    ) -> std::result::Result<(), BoxError> {
        let mut transaction = self.begin().await?;
        // Notifications come in any order: the largest total is the latest.
        let update = "UPDATE orders SET refunded = max(refunded, ?1), refunded_elsewhere = max(refunded_elsewhere, ?1 -
                (SELECT coalesce(sum(amount), 0) FROM refunds WHERE order_number = orders.number AND refunds.state <> 'failed'))
             WHERE number = ?2";
        sqlx::query(update)
            .bind(total_refunded.cents())
            .bind(&order.number)
            .execute(&mut *transaction)
            .await?;
        if total_refunded < order.total {
            deliver_once(&mut transaction, &order.number, trade_no).await?;
        } else {
            // The buyer has everything back. What is not delivered by now stays here.
            close_open(&mut transaction, &order.number).await?;
        }
        transaction.commit().await?;
        Ok(())
    }

    /// The gateway says that Alipay has closed the order, with this amount. Says whether it was open until now.
    ///
    /// Alipay closes an order that was not paid in time, and one that was paid when all is given back. So what it says of a paid order is a refund.
    pub(crate) async fn closed_by_alipay(&self, number: &str) -> Result<bool> {
        let mut transaction = self.begin().await?;
        let update = "UPDATE orders SET closed_by_alipay = 1, refunded = CASE WHEN state = 'paid' THEN total ELSE refunded END WHERE number = ?";
        sqlx::query(update).bind(number).execute(&mut *transaction).await?;
        let is_closed = close_open(&mut transaction, number).await?;
        transaction.commit().await?;
        Ok(is_closed)
    }

    /// The order was not paid and can't be any more. Says whether it was open until now.
    pub(crate) async fn close(&self, number: &str) -> Result<bool> {
        let mut transaction = self.begin().await?;
        let is_closed = close_open(&mut transaction, number).await?;
        transaction.commit().await?;
        Ok(is_closed)
    }
}

/// The one place where something is delivered.
async fn deliver_once(
    transaction: &mut Transaction<'_, Sqlite>,
    number: &str,
    trade_no: Option<&str>,
) -> std::result::Result<bool, BoxError> {
    // Who changes the row delivers. An order that was closed here and is paid all the same is delivered, for the buyer's money is there; one that was
    // refunded in full before it was delivered, or that Alipay has closed, is not, even if the notification of its payment comes last.
    let update = "UPDATE orders SET state = 'paid', trade_no = coalesce(?, trade_no)
         WHERE number = ? AND state <> 'paid' AND refunded < total AND NOT closed_by_alipay";
    let updated = sqlx::query(update)
        .bind(trade_no)
        .bind(number)
        .execute(&mut **transaction)
        .await?;
    if updated.rows_affected() == 0 {
        return Ok(false);
    }
    // Here the goods are a code to fetch them with. A shop that ships parcels or sends mail does not do that here: it writes down that it has to be done,
    // in this transaction, and another task does it from there.
    sqlx::query("INSERT INTO deliveries (order_number, pickup_code, delivered_at) VALUES (?, ?, ?)")
        .bind(number)
        .bind(pickup_code()?)
        .bind(now())
        .execute(&mut **transaction)
        .await?;
    Ok(true)
}

async fn close_open(transaction: &mut Transaction<'_, Sqlite>, number: &str) -> Result<bool> {
    let update = sqlx::query("UPDATE orders SET state = 'closed' WHERE number = ? AND state = 'open'");
    let updated = update.bind(number).execute(&mut **transaction).await?;
    Ok(updated.rows_affected() > 0)
}

/// In seconds since 1970.
pub(crate) fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| i64::try_from(since.as_secs()).unwrap_or(i64::MAX))
}

/// A number for a new order, refund or form: 128 random bits, as Alipay takes it, which allows 64 letters and digits.
pub(crate) fn new_number() -> std::result::Result<String, BoxError> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes)?;
    Ok(format!("{:032x}", u128::from_be_bytes(bytes)))
}

/// Whether a form brings a number that [`new_number`] can have made.
pub(crate) fn is_number(text: &str) -> bool {
    text.len() == 32 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

fn pickup_code() -> std::result::Result<String, BoxError> {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes)?;
    Ok(format!("{:010}", u64::from_be_bytes(bytes) % 10_000_000_000))
}
