//! The methods as a table for readers.

use std::fmt::Write as _;

use crate::ir::Spec;
use crate::{names, rust_names};

/// Markdown: every method, its title, and by what feature, type and call a program has it.
pub fn methods_table(spec: &Spec) -> String {
    let mut table = "\
<!-- Written by cargo xtask codegen from spec/. Do not edit. -->
# Methods

Each product is a feature of the same name. A method that is not here is called by its name, with a JSON object: `Client::call_raw`.
"
    .to_owned();
    for product in &spec.products {
        let title = product.about.as_ref().map(|about| format!(": {}", about.title));
        let _ = write!(
            table,
            "\n## `{}`{}\n\n| method | title | type | call |\n|---|---|---|---|\n",
            product.name,
            title.unwrap_or_default(),
        );
        let handle = names::identifier(&product.name);
        for method in &product.methods {
            let (request, function) = rust_names(method);
            let title = method.title.replace('|', "\\|");
            let (name, source) = (&method.name, &method.source);
            let _ = writeln!(
                table,
                "| [{name}]({source}) | {title} | `{handle}::{request}` | `client.{handle}().{function}(…)` |"
            );
        }
    }
    table
}

#[cfg(test)]
mod tests {
    use super::methods_table;

    #[test]
    fn a_method_has_a_line() {
        let table = methods_table(&crate::tests::method(""));
        let line = "| [alipay.test.call](https://example.com/) | 调用 | `test::Call` | `client.test().call(…)` |";
        assert!(table.lines().any(|other| other == line), "{table}");
    }
}
