//! The methods and products as tables for readers, in Markdown.

use std::fmt::Write as _;

use crate::ir::{Kind, Method, Notification, Product, Spec};
use crate::{names, rust_names};

/// The first line of a file that is written from specs.
const NOTICE: &str = "<!-- Written by cargo xtask codegen from spec/. Do not edit. -->";

/// What the tables of methods say above them.
const ABOUT: &str = "\
Each product is a feature of the same name. V3 is Alipay's second protocol, by which a method has a verb and a path of its own; this library speaks V2. Of a method *in pages*, the
call's `pages` reads the whole list. A method that is not here is called by its name, with a JSON object: ";

/// How many products stand in one row.
const COLUMNS: usize = 5;

/// The row above the table of products, by which its place in a text is found.
const HEADER: &str = "| product, methods |";

/// Every method, its title, and by what call and feature a program has it.
pub fn methods_table(spec: &Spec) -> String {
    let call = |_: &Product, handle: &str, method: &Method, function: &str| {
        let (request, _) = rust_names(method);
        format!(
            "`client.{handle}().{function}(`[`{handle}::{request}`](../spec/{})`)`",
            method.file
        )
    };
    table(
        spec,
        &format!("{NOTICE}\n# Methods\n\n{ABOUT}`Client::call_raw`."),
        call,
    )
}

/// The same as a page of the library's documentation, with links to what it names. They need all features.
pub fn methods_page(spec: &Spec) -> String {
    let call = |product: &Product, handle: &str, method: &Method, function: &str| {
        let (request, _) = rust_names(method);
        let owner = names::type_of(&product.name);
        format!(
            "[`client.{handle}().{function}`](crate::{handle}::{owner}::{function})`(`[`{handle}::{request}`](crate::{handle}::{request})`)`"
        )
    };
    let about = "All methods by product. The search of this documentation finds a method by its gateway name and its Chinese title too.";
    table(
        spec,
        &format!("{NOTICE}\n{about}\n\n{ABOUT}[raw calls](crate::guide::raw)."),
        call,
    )
}

fn table(spec: &Spec, head: &str, call: impl Fn(&Product, &str, &Method, &str) -> String) -> String {
    let mut table = format!("{head}\n");
    for product in &spec.products {
        let title = product.about.as_ref().map(|about| format!(": {}", about.title));
        let _ = write!(
            table,
            "\n## `{}`{}\n\n| method | title | call | feature | protocols | kind |\n|---|---|---|---|---|---|\n",
            product.name,
            title.unwrap_or_default(),
        );
        let handle = names::identifier(&product.name);
        for method in &product.methods {
            let (_, function) = rust_names(method);
            let calls = call(product, &handle, method, &function);
            let v3 = method.v3.as_ref().map(|v3| format!(", V3 `{} {}`", v3.verb, v3.path));
            let kind = match method.kind {
                Kind::Server => "server",
                Kind::Page => "page",
                Kind::App => "app",
                Kind::Upload => "upload",
                Kind::PageOrApp => "page, app",
            };
            let is_list = method.page.as_ref().is_some_and(|page| page.listing.is_some());
            let pages = if is_list { ", in pages" } else { "" };
            let notice = if method.deprecated.is_some() {
                ", deprecated"
            } else {
                ""
            };
            let _ = writeln!(
                table,
                "| [{}]({}) | {} | {calls} | `{}` | V2{} | {kind}{pages}{notice} |",
                method.name,
                method.source.replace('|', "%7C"),
                cell(method.title.as_deref().unwrap_or("–")),
                product.name,
                v3.unwrap_or_default(),
            );
        }
    }
    table.push_str(&notifications_table(&spec.notifications));
    table
}

/// Markdown: every notification, its title, and by what feature and type a program has it.
fn notifications_table(notifications: &[Notification]) -> String {
    let mut table = "
## Notifications

What Alipay sends: all of it is verified by `client.notifications()`. A notification that is not here is `notify::Notification::Other`.

| notification | title | type | feature |
|---|---|---|---|
"
    .to_owned();
    for Notification {
        name,
        source,
        title,
        product,
        ..
    } in notifications
    {
        let title = cell(title);
        let ident = names::type_of(names::notification(name));
        let feature = product.as_ref().map(|product| format!("`{product}`"));
        let feature = feature.unwrap_or_else(|| "always there".to_owned());
        let _ = writeln!(
            table,
            "| [{name}]({source}) | {title} | `notify::{ident}` | {feature} |"
        );
    }
    table
}

/// Text in a cell of a table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('[', "\\[").replace('<', "\\<")
}

/// The text with its table of products as the specs have them; `None` where it has no such table.
pub fn with_products(text: &str, spec: &Spec) -> Option<String> {
    let start = text.find(HEADER)?;
    let length: usize = text[start..]
        .split_inclusive('\n')
        .take_while(|line| line.starts_with('|'))
        .map(str::len)
        .sum();
    let (before, after) = (&text[..start], &text[start + length..]);
    let mut table = format!("{HEADER}{}\n|{}\n", " |".repeat(COLUMNS - 1), "---|".repeat(COLUMNS));
    for row in spec.products.chunks(COLUMNS) {
        table.push('|');
        for product in row {
            let title = product.about.as_ref().map(|about| format!(" {}", cell(&about.title)));
            let (title, count) = (title.unwrap_or_default(), product.methods.len());
            let _ = write!(table, " `{}`{title} {count} |", product.name);
        }
        table.push_str(&" |".repeat(COLUMNS - row.len()));
        table.push('\n');
    }
    Some(format!("{before}{table}{after}"))
}

#[cfg(test)]
mod tests {
    use super::{methods_page, methods_table, notifications_table, with_products};
    use crate::ir::{Address, Notification, Object, Signature};

    #[test]
    fn a_method_has_a_line() {
        let spec = crate::tests::method("v3: { verb: POST, path: /v3/alipay/test/call }\n");
        let holds = |table: &str, line: &str| assert!(table.lines().any(|other| other == line), "{table}");
        holds(
            &methods_table(&spec),
            "| [alipay.test.call](https://example.com/) | 调用 | `client.test().call(`[`test::Call`](../spec/test/alipay.test.call.yaml)`)` | `test` | V2, V3 `POST /v3/alipay/test/call` | server |",
        );
        holds(
            &methods_page(&spec),
            "| [alipay.test.call](https://example.com/) | 调用 | [`client.test().call`](crate::test::Test::call)`(`[`test::Call`](crate::test::Call)`)` | `test` | V2, V3 `POST /v3/alipay/test/call` | server |",
        );
    }

    #[test]
    fn the_table_of_products_is_replaced_in_its_place() {
        let spec = crate::tests::method("");
        let text = "Before.\n\n| product, methods | |\n|---|---|\n| `old` 1 | |\n\nAfter.\n";
        let wanted = "Before.\n\n| product, methods | | | | |\n|---|---|---|---|---|\n| `test` 1 | | | | |\n\nAfter.\n";
        assert_eq!(with_products(text, &spec).as_deref(), Some(wanted));
        assert_eq!(with_products(wanted, &spec).as_deref(), Some(wanted));
        assert_eq!(with_products("Nothing.\n", &spec), None);
    }

    #[test]
    fn a_notification_has_a_line() {
        let mut notification = Notification {
            name: "alipay.test.order.changed".to_owned(),
            file: String::new(),
            title: "变更 | 通知".to_owned(),
            doc: String::new(),
            product: Some("test".to_owned()),
            source: "https://example.com/".to_owned(),
            address: Address::App,
            signature: Signature::Unproven,
            body: Object::default(),
            types: Vec::new(),
        };
        let mut last_line = || {
            let table = notifications_table(std::slice::from_ref(&notification));
            notification.product = None;
            table.lines().last().unwrap_or_default().to_owned()
        };
        let line =
            r"| [alipay.test.order.changed](https://example.com/) | 变更 \| 通知 | `notify::TestOrderChanged` | ";
        assert_eq!(last_line(), format!("{line}`test` |"));
        assert_eq!(last_line(), format!("{line}always there |"));
    }
}
