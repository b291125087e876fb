//! The folder can be copied: its manifest needs nothing from this workspace but the two paths of which the README speaks. Delete this test in a copy.

use std::{fs, path::Path, process::Command};

#[test]
fn a_copy_of_the_folder_is_a_package_of_its_own() {
    let shop = Path::new(env!("CARGO_MANIFEST_DIR"));
    let workspace = shop.ancestors().nth(2).unwrap();
    let copy = tempfile::tempdir().unwrap();
    let manifest = fs::read_to_string(shop.join("Cargo.toml")).unwrap();
    let adapted = ["alipay-api", "tests/mock"]
        .iter()
        .fold(manifest, |manifest, dependency| {
            let (path, absolute) = (format!("../../{dependency}"), workspace.join(dependency));
            assert!(manifest.contains(&path), "{path}");
            manifest.replace(&path, absolute.to_str().unwrap())
        });
    fs::write(copy.path().join("Cargo.toml"), adapted).unwrap();
    fs::copy(workspace.join("Cargo.lock"), copy.path().join("Cargo.lock")).unwrap();
    for source in ["src/lib.rs", "src/main.rs", "tests/shop/main.rs"] {
        let file = copy.path().join(source);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::copy(shop.join(source), file).unwrap();
    }
    // With the versions that are tested here, and without a network.
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--offline", "--format-version", "1"])
        .current_dir(copy.path())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
