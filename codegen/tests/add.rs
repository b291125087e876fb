//! `alipay-codegen add`: what it drafts, keeps and refuses; and that `tests/own-methods` is what it writes.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Output};
use std::{env, fs};

const COUPON: &str = "alipay.user.kabao.voucher.create";

fn run(arguments: &[&str], folder: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_alipay-codegen"))
        .args(arguments)
        .current_dir(folder)
        .output()
        .unwrap()
}

fn add(methods: &[&str], folder: &Path) -> Output {
    let folders = ["--spec", "specs", "--out", "src/alipay"];
    run(&[&["add"], methods, &folders].concat(), folder)
}

fn succeeds(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn fails(output: &Output) -> String {
    assert!(!output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// The files below a folder.
fn files(folder: &Path) -> BTreeMap<String, String> {
    fn collect(folder: &Path, prefix: &str, files: &mut BTreeMap<String, String>) {
        for entry in fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            let path = format!("{prefix}{}", entry.file_name().to_str().unwrap());
            if entry.file_type().unwrap().is_dir() {
                collect(&entry.path(), &format!("{path}/"), files);
            } else {
                files.insert(path, fs::read_to_string(entry.path()).unwrap());
            }
        }
    }
    let mut found = BTreeMap::new();
    collect(folder, "", &mut found);
    found
}

/// The command in the crate's documentation.
fn documented(library: &str) -> Vec<&str> {
    let block = library.split("//! ```").nth(1).unwrap();
    let words = block
        .split_whitespace()
        .filter(|word| !["sh", "//!", "\\"].contains(word));
    let mut words = words.skip_while(|word| *word != "alipay-codegen");
    assert_eq!(words.next(), Some("alipay-codegen"));
    words.collect()
}

#[test]
fn the_users_crate_is_what_the_program_writes() {
    let home = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/own-methods");
    let library = fs::read_to_string(home.join("src/lib.rs")).unwrap();
    let base = tempfile::tempdir().unwrap();
    succeeds(&run(&documented(&library), base.path()));
    for folder in ["specs", "src/alipay"] {
        let written = files(&base.path().join(folder));
        assert!(written.len() > 5, "{folder}");
        if env::var_os("UPDATE_EXPECT").is_some() {
            fs::remove_dir_all(home.join(folder)).unwrap();
            for (path, text) in &written {
                let path = home.join(folder).join(path);
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, text).unwrap();
            }
        }
        let kept = files(&home.join(folder));
        assert!(
            written.keys().eq(kept.keys()),
            "{folder} has other files\nto accept this: UPDATE_EXPECT=1 cargo test -p alipay-codegen --test add"
        );
        for (path, text) in written {
            assert!(
                kept[&path] == text,
                "{folder}/{path} is another\nto accept this: UPDATE_EXPECT=1 cargo test -p alipay-codegen --test add"
            );
        }
    }
}

#[test]
fn a_draft_is_made_once_and_kept_however_it_is_edited() {
    let base = tempfile::tempdir().unwrap();
    let said = succeeds(&add(&[COUPON], base.path()));
    assert!(
        said.starts_with("drafted specs/user/alipay.user.kabao.voucher.create.yaml: "),
        "{said}"
    );
    assert!(
        said.contains("    client.user_ext().kabao_voucher_create(user::KabaoVoucherCreate)\n"),
        "{said}"
    );
    assert!(
        said.contains("`alipay-codegen generate --spec specs --out src/alipay`"),
        "{said}"
    );
    let first = files(base.path());
    let again = succeeds(&add(&[COUPON], base.path()));
    assert!(
        again.starts_with("kept specs/user/alipay.user.kabao.voucher.create.yaml as it is\n"),
        "{again}"
    );
    assert!(!again.contains("complete"), "{again}");
    assert_eq!(files(base.path()), first);

    let spec = base.path().join("specs/user/alipay.user.kabao.voucher.create.yaml");
    let edited = fs::read_to_string(&spec)
        .unwrap()
        .replace("doc: Drafted", "doc: Read beside the documentation. Drafted");
    fs::write(&spec, &edited).unwrap();
    let more = succeeds(&add(&[COUPON, "alipay.user.kabao.voucher.modify"], base.path()));
    assert!(
        more.contains("kept specs/user/alipay.user.kabao.voucher.create.yaml as it is\n"),
        "{more}"
    );
    assert_eq!(fs::read_to_string(&spec).unwrap(), edited);
    let code = fs::read_to_string(base.path().join("src/alipay/user/kabao_voucher_create.rs")).unwrap();
    assert!(code.contains("/// Read beside the documentation."), "{code}");
    assert!(base.path().join("src/alipay/user/kabao_voucher_modify.rs").exists());
}

/// What a link leads to is not read, and so never written over.
#[cfg(unix)]
#[test]
fn a_spec_behind_a_symbolic_link_is_not_written_over() {
    use std::os::unix::fs::symlink;
    for (link, target) in [
        ("specs/user", "elsewhere"),
        (
            "specs/user/alipay.user.kabao.voucher.create.yaml",
            "elsewhere/alipay.user.kabao.voucher.create.yaml",
        ),
        (
            "specs/user/alipay.user.kabao.voucher.create.yaml",
            "elsewhere/none.yaml",
        ),
    ] {
        let base = tempfile::tempdir().unwrap();
        let elsewhere = base.path().join("elsewhere");
        fs::create_dir(&elsewhere).unwrap();
        fs::write(elsewhere.join(format!("{COUPON}.yaml")), "# edited\n").unwrap();
        let at = base.path().join(link);
        fs::create_dir_all(at.parent().unwrap()).unwrap();
        symlink(base.path().join(target), &at).unwrap();
        let said = fails(&add(&[COUPON], base.path()));
        assert!(
            said.starts_with(&format!("{link} is there and was not read as a spec")),
            "{said}"
        );
        let found = files(&elsewhere);
        assert_eq!(
            found.into_iter().collect::<Vec<_>>(),
            [(format!("{COUPON}.yaml"), "# edited\n".to_owned())]
        );
        assert!(!base.path().join("src").exists());
    }
}

#[test]
fn only_methods_can_be_added() {
    let base = tempfile::tempdir().unwrap();
    let two = [
        "alipay.account.cashpool.allocaterule.create",
        "alipay.account.instfund.account.sync",
    ];
    succeeds(&add(&two, base.path()));
    assert!(base.path().join("specs/account/types.yaml").exists());
    let said = fails(&add(&["types"], base.path()));
    assert!(said.starts_with("types is not in the catalogue"), "{said}");
}

/// A type that an earlier method has as its own can't become a shared one: each later method has its own copy.
#[test]
fn a_method_can_be_added_after_another_that_uses_the_same_type() {
    let base = tempfile::tempdir().unwrap();
    succeeds(&add(&["alipay.account.cashpool.account.bind"], base.path()));
    let bind = base
        .path()
        .join("specs/account/alipay.account.cashpool.account.bind.yaml");
    let before = fs::read_to_string(&bind).unwrap();
    assert!(before.contains("\n  InstAccountDTO:\n"), "{before}");
    let later = [
        "alipay.account.cashpool.allocaterule.create",
        "alipay.account.instfund.account.sync",
    ];
    succeeds(&add(&later, base.path()));
    assert_eq!(fs::read_to_string(&bind).unwrap(), before);
    for method in later {
        let spec = base.path().join(format!("specs/account/{method}.yaml"));
        let spec = fs::read_to_string(spec).unwrap();
        assert!(spec.contains("\n  InstAccountDTO:\n"), "{spec}");
    }
}

#[test]
fn what_is_shipped_or_unknown_is_refused_with_what_to_do() {
    let base = tempfile::tempdir().unwrap();
    let said = fails(&add(
        &[COUPON, "alipay.trade.pay", "alipay.user.kabao.vouchr.create", "zzz"],
        base.path(),
    ));
    let expected = "alipay.trade.pay needs no spec, since alipay-api has it: feature `trade`, `client.trade().pay(trade::Pay)`
alipay.user.kabao.vouchr.create is not in the catalogue; did you mean alipay.user.kabao.voucher.create, or alipay.user.kabao.voucher.modify?
zzz is not in the catalogue; `alipay-codegen search WORD` finds names, and for a method that is newer, write the spec by hand
";
    assert_eq!(said, expected);
    assert_eq!(fs::read_dir(base.path()).unwrap().count(), 0);
}

#[test]
fn nothing_is_added_to_what_is_unsound_or_not_the_programs_own() {
    let base = tempfile::tempdir().unwrap();
    let spec = base.path().join("specs/trade/alipay.trade.thing.get.yaml");
    fs::create_dir_all(spec.parent().unwrap()).unwrap();
    fs::write(&spec, "method: alipay.trade.thing.get\n").unwrap();
    let said = fails(&add(&[COUPON], base.path()));
    assert!(said.contains("specs/trade/alipay.trade.thing.get.yaml"), "{said}");
    fs::remove_file(&spec).unwrap();
    let own = base.path().join("src/alipay/own.rs");
    fs::create_dir_all(own.parent().unwrap()).unwrap();
    fs::write(&own, "fn own() {}\n").unwrap();
    let said = fails(&add(&[COUPON], base.path()));
    assert!(said.contains("holds what was not generated"), "{said}");
    assert_eq!(
        files(base.path()).into_keys().collect::<Vec<_>>(),
        ["src/alipay/own.rs"]
    );
}

#[test]
fn a_search_says_where_a_method_is() {
    let base = tempfile::tempdir().unwrap();
    let said = succeeds(&run(&["search", "优惠券", "创建"], base.path()));
    assert_eq!(
        said,
        format!("{COUPON}  创建支付宝卡包优惠券  alipay-codegen add {COUPON}\n")
    );
    let said = succeeds(&run(&["search", "alipay.trade.pay"], base.path()));
    let pay = "alipay.trade.pay  统一收单交易支付接口  alipay-api: feature `trade`, `client.trade().pay(trade::Pay)`\n";
    assert!(said.starts_with(pay), "{said}");
    let said = fails(&run(&["search", "no such method"], base.path()));
    assert_eq!(said, "no method has all of this in its name or title: no such method\n");
}

/// The list of what is shipped is that of the specs: it names every one of them, and nothing else.
#[test]
fn what_is_shipped_is_known() {
    let specs = alipay_codegen::read_specs(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../spec")).unwrap();
    let spec = alipay_codegen::load(specs).unwrap();
    let list = alipay_codegen::shipped_list(&spec);
    assert_eq!(
        list,
        include_str!("../src/shipped.txt"),
        "to mend this: cargo xtask codegen"
    );
}
