-- Amounts are in fen (分), times in seconds since 1970.

CREATE TABLE IF NOT EXISTS orders (
    -- The `out_trade_no`. The shop chooses it: with a number of the browser's, an order could get the payment of an older one.
    number TEXT PRIMARY KEY,
    -- The number that the form brings: a form that is sent twice places one order.
    form TEXT NOT NULL UNIQUE,
    product TEXT NOT NULL,
    title TEXT NOT NULL,
    quantity INTEGER NOT NULL CHECK (quantity > 0),
    total INTEGER NOT NULL CHECK (total > 0),
    way TEXT NOT NULL CHECK (way IN ('page', 'qr')),
    -- open: it can be paid. paid: it is paid and delivered. closed: it was not paid and can't be any more, or all was given back before it was delivered.
    state TEXT NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'paid', 'closed')),
    placed_at INTEGER NOT NULL,
    -- 1 once the gateway has said that Alipay has closed the order, which is final. Whatever tells of its payment after that is older.
    closed_by_alipay INTEGER NOT NULL DEFAULT 0 CHECK (closed_by_alipay IN (0, 1)),
    -- From then on Alipay takes no payment for it.
    expires_at INTEGER NOT NULL,
    -- 1 from when a buyer could get to Alipay with it. Before that nobody can have paid it, and nobody has to ask.
    offered INTEGER NOT NULL DEFAULT 0 CHECK (offered IN (0, 1)),
    -- When the gateway was last asked for it because a browser wanted to know.
    asked_at INTEGER NOT NULL DEFAULT 0,
    qr_code TEXT,
    trade_no TEXT,
    -- What was given back in all, as far as it is known here.
    refunded INTEGER NOT NULL DEFAULT 0,
    -- What was given back without the shop at least, as in the merchant's back office: what Alipay tells in all, without the refunds below.
    refunded_elsewhere INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE INDEX IF NOT EXISTS orders_open ON orders (placed_at) WHERE state = 'open';

CREATE TABLE IF NOT EXISTS deliveries (
    -- One order, one delivery: should the code ever try a second one, the database refuses it.
    order_number TEXT PRIMARY KEY REFERENCES orders (number),
    -- Whoever names it gets the goods, so no two orders have the same. Should one come up twice, the delivery fails, and is tried again with another.
    pickup_code TEXT NOT NULL UNIQUE,
    delivered_at INTEGER NOT NULL
) STRICT;

CREATE TABLE IF NOT EXISTS refunds (
    -- The `out_request_no`, which the form brings, as an order's number.
    number TEXT PRIMARY KEY,
    order_number TEXT NOT NULL REFERENCES orders (number),
    amount INTEGER NOT NULL CHECK (amount > 0),
    -- sent: it is stored, and sent or about to be. unknown: nobody could say yet what became of it. done, failed: known for good.
    state TEXT NOT NULL DEFAULT 'sent' CHECK (state IN ('sent', 'unknown', 'done', 'failed')),
    -- What the library goes on with, in any process.
    ticket TEXT NOT NULL,
    note TEXT NOT NULL DEFAULT '',
    begun_at INTEGER NOT NULL,
    -- A lease: until then the refund belongs to the process that follows it. Each one ends later than the one before, so it also tells them apart.
    followed_until INTEGER NOT NULL
) STRICT;

CREATE INDEX IF NOT EXISTS refunds_of_order ON refunds (order_number);
CREATE INDEX IF NOT EXISTS refunds_open ON refunds (followed_until) WHERE state IN ('sent', 'unknown');

CREATE VIEW IF NOT EXISTS orders_and_deliveries AS
    SELECT
        orders.*,
        pickup_code,
        -- What can still be refunded: a refund that is not known to have failed may have been made.
        CASE state WHEN 'paid' THEN max(0, total - max(refunded, refunded_elsewhere + (
            SELECT coalesce(sum(amount), 0) FROM refunds WHERE order_number = orders.number AND refunds.state <> 'failed'
        ))) ELSE 0 END AS remaining
    FROM orders LEFT JOIN deliveries ON deliveries.order_number = orders.number;
