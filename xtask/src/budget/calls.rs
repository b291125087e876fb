//! A program that calls methods.

use std::error::Error;
use std::fmt::Write as _;

use alipay_codegen::{SourceFile, extension_names, load, rust_names};

use super::trial::raw;

/// So many lines of the text, spread over all of it.
pub(super) fn some(lines: &str, number: usize) -> String {
    let step = (lines.lines().count() / number.max(1)).max(1);
    let some: Vec<&str> = lines.lines().step_by(step).take(number).collect();
    some.join("\n")
}

/// A `main` that calls every method of these specs through its product's handle, as users do, and polls each call.
pub(super) fn main_of(specs: &[SourceFile]) -> Result<String, Box<dyn Error>> {
    let spec = load(specs.iter().cloned())?;
    let mut main = "//! Calls methods, one by one.\n\n\
         use std::{future::Future as _, pin::pin, task::{Context, Waker}};\n\n\
         fn main() {\n    let client: Option<alipay_api::Client> = std::hint::black_box(None);\n    \
         let Some(client) = client else { return };\n"
        .to_owned();
    for method in spec.products.iter().flat_map(|product| &product.methods) {
        let (request, function) = rust_names(method);
        let (product, (extension, handle)) = (raw(&method.product), extension_names(&method.product));
        writeln!(
            main,
            "    poll(trial::{product}::{extension}::{handle}(&client).{function}(trial::{product}::{request}::new()));"
        )?;
    }
    main.push_str(
        "}\n\nfn poll<T: 'static>(call: alipay_api::Call<T>) {\n    let call = pin!(call.into_future());\n    \
         drop(call.poll(&mut Context::from_waker(Waker::noop())));\n}\n\nuse std::future::IntoFuture as _;\n",
    );
    Ok(main)
}
