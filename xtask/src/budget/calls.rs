//! A program that calls methods.

use std::error::Error;
use std::fmt::Write as _;

use alipay_codegen::{SourceFile, load, request_name};

use super::trial::raw;

/// So many lines of the text, spread over all of it.
pub(super) fn some(lines: &str, number: usize) -> String {
    let step = (lines.lines().count() / number.max(1)).max(1);
    let some: Vec<&str> = lines.lines().step_by(step).take(number).collect();
    some.join("\n")
}

/// A `main` that calls every method of these specs.
pub(super) fn main_of(specs: &[SourceFile]) -> Result<String, Box<dyn Error>> {
    let spec = load(specs.iter().cloned())?;
    let mut main =
        "//! Calls methods, one by one.\n\nfn main() {\n    let client: Option<alipay_api::Client> = std::hint::black_box(None);\n    \
         let Some(client) = client else { return };\n"
            .to_owned();
    for method in spec.products.iter().flat_map(|product| &product.methods) {
        let (product, request) = (raw(&method.product), request_name(method));
        writeln!(
            main,
            "    drop(client.call(trial::{product}::{request}::new()).into_future());"
        )?;
    }
    main.push_str("}\n");
    Ok(main)
}
