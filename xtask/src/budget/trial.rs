//! A crate of generated code, outside the workspace, with a feature for each product.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{fs, io};

use alipay_codegen::SourceFile;
use tempfile::TempDir;

use super::usage::Usage;

pub(super) struct Trial {
    folder: TempDir,
    /// How many methods each product has.
    pub(super) products: BTreeMap<String, usize>,
}

impl Trial {
    /// A crate of these specs, as yet without its code.
    pub(super) fn new(workspace: &Path, specs: &[SourceFile]) -> Result<Self, Box<dyn Error>> {
        let folder = TempDir::with_prefix("alipay-budget")?;
        let mut products = BTreeMap::new();
        for file in specs {
            write(&folder.path().join("spec").join(&file.path), &file.text)?;
            if let Some((product, name)) = file.path.split_once('/')
                && product != "notify"
            {
                *products.entry(product.to_owned()).or_default() +=
                    usize::from(!["types.yaml", "product.yaml"].contains(&name));
            }
        }
        let mut manifest = format!(
            "[package]\nname = \"trial\"\nversion = \"0.0.0\"\nedition = \"2024\"\npublish = false\n\n[dependencies]\n\
             alipay-api = {{ path = \"{}\", default-features = false }}\n\n[workspace]\n\n[features]\n",
            workspace.join("alipay-api").display()
        );
        let mut library = "//! Generated code.\n".to_owned();
        for product in products.keys() {
            writeln!(manifest, "{product} = []")?;
            writeln!(
                library,
                "#[cfg(feature = {product:?})]\n#[path = \"generated/{product}/mod.rs\"]\npub mod {};",
                raw(product)
            )?;
        }
        write(&folder.path().join("Cargo.toml"), &manifest)?;
        write(&folder.path().join("src/lib.rs"), &library)?;
        fs::copy(workspace.join("Cargo.lock"), folder.path().join("Cargo.lock"))?;
        Ok(Self { folder, products })
    }

    pub(super) fn methods(&self) -> usize {
        self.products.values().sum()
    }

    /// Generates the code, or compares it with what is there.
    pub(super) fn generate(&self, compare: bool) -> Result<Usage, Box<dyn Error>> {
        let mut command = cargo();
        command.args([
            "run",
            "--quiet",
            "--release",
            "--package",
            "alipay-codegen",
            "--",
            "generate",
        ]);
        command.arg("--spec").arg(self.path("spec"));
        command.arg("--out").arg(self.path("src/generated"));
        if compare {
            command.arg("--check");
        }
        Usage::of(&mut command)
    }

    /// Checks the code of these products, however often it was checked before.
    pub(super) fn check<'p>(&self, products: impl IntoIterator<Item = &'p str>) -> Result<Usage, Box<dyn Error>> {
        self.compile(&["check"], products)
    }

    /// Builds a program with this `main`, and the code of all products, for release.
    pub(super) fn build(&self, main: &str) -> Result<Usage, Box<dyn Error>> {
        write(&self.path("src/main.rs"), main)?;
        self.compile(&["build", "--release"], self.products.keys().map(String::as_str))
    }

    fn compile<'p>(&self, how: &[&str], products: impl IntoIterator<Item = &'p str>) -> Result<Usage, Box<dyn Error>> {
        let library = self.path("src/lib.rs");
        // Newer than what was made of it.
        write(&library, &fs::read_to_string(&library)?)?;
        let products: Vec<&str> = products.into_iter().collect();
        let mut command = cargo();
        command.args(how).args(["--quiet", "--features", &products.join(",")]);
        command.current_dir(self.folder.path());
        // As for a dependency. And nothing that the environment asks for may change what is measured.
        command.env("CARGO_INCREMENTAL", "0").env_remove("RUSTFLAGS");
        Usage::of(&mut command)
    }

    fn path(&self, inside: &str) -> PathBuf {
        self.folder.path().join(inside)
    }
}

pub(super) fn cargo() -> Command {
    Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

/// A product's module, whatever the product is called.
pub(super) fn raw(product: &str) -> String {
    format!("r#{product}")
}

pub(super) fn write(path: &Path, text: &str) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(path, text)
}
