//! The whole story over the socket: from an institution's application to an employer's scan, on both databases.

use domain::ids::LeafIndex;
use serde_json::{Value, json};
use tests::answer::text;
use tests::{Database, Story, on_both, rosters};

on_both! {
    from_application_to_scan;
}

async fn from_application_to_scan(database: Database) {
    let mut story = Story::staffed(database).await;
    everything_of_the_country_is_loaded(&story).await;
    story.apply().await;
    story.admit_and_offer().await;
    the_catalogue_shows_them(&story).await;

    // Files as LibreOffice and openpyxl wrote them, and a CSV in GB18030.
    let mut issued = Vec::new();
    for name in [
        "good-libreoffice.xlsx",
        "good-openpyxl.xlsx",
        "good-gb18030.csv",
    ] {
        let cohort = story.enrolling().await;
        let receipt = story.import(&cohort, rosters::file(name)).await;
        assert_eq!(receipt["faulty"], 0, "{name}: {receipt}");
        let added = receipt["added"].as_u64().expect("a number");
        assert!(added >= 5, "{name}: {receipt}");
        let again = story.import(&cohort, rosters::file(name)).await;
        assert_eq!(
            (&again["added"], &again["changed"]),
            (&json!(0), &json!(0)),
            "{name} again: {again}"
        );
        assert_eq!(again["unchanged"], added, "{name} again");
        story.admit(&cohort).await;
        story.teach(&cohort).await;
        story.accept(&cohort).await;
        let answer = story.issue(&cohort).await;
        let certificates = answer["certificates"]
            .as_array()
            .expect("certificates")
            .clone();
        assert_eq!(certificates.len() as u64, added, "{name}");
        issued.push((answer, certificates));
        // The next class begins when this one is over: nobody sits in two classes at once.
    }
    every_certificate_is_in_the_log(&story, &issued).await;
    let one = &issued[0].1[0];
    a_scan_finds_it_genuine(&story, one).await;
    the_story_can_be_read(&story).await;
}

async fn everything_of_the_country_is_loaded(story: &Story) {
    let anybody = story.who("anybody");
    for (path, least) in [
        ("/api/v1/regions", 34),
        ("/api/v1/regions?parent=330100", 13),
        ("/api/v1/regions?parent=650000", 14),
        ("/api/v1/federations", 33),
    ] {
        let found = anybody.get(path).await.good();
        let count = found.as_array().map_or(0, Vec::len);
        assert!(count >= least, "{path}: {count}");
    }
    let found = anybody.get("/api/v1/occupations?q=养老护理员").await.good();
    assert_eq!(found["items"].as_array().map(Vec::len), Some(1), "{found}");
    assert!(story.server.app.regions.len() > 3_300, "all divisions");
}

async fn the_catalogue_shows_them(story: &Story) {
    let anybody = story.who("anybody");
    let institutions = anybody.get("/api/v1/catalogue/institutions").await.good();
    assert_eq!(
        institutions["items"][0]["credit_code"],
        tests::story::CREDIT_CODE,
        "{institutions}"
    );
    let program = anybody
        .get(&format!("/api/v1/catalogue/programs/{}", story.program))
        .await
        .good();
    assert_eq!(
        program["versions"][0]["code"],
        story.program.as_str(),
        "{program}"
    );
    for path in [
        format!("/institutions/{}", tests::story::CREDIT_CODE),
        format!("/programs/{}", story.program),
    ] {
        let page = anybody.get(&path).await;
        assert!(page.status.is_success(), "{path}");
        assert!(page.text().contains("浙江虚构职业培训学校"), "{path}");
    }
}

async fn every_certificate_is_in_the_log(story: &Story, issued: &[(Value, Vec<Value>)]) {
    let anybody = story.who("anybody");
    let vkey = anybody.get("/log/vkey").await.text();
    let (origin, key) = certs::log::parse_vkey(vkey.trim()).expect("a verifier key");
    let open = |note: &str| {
        certs::log::Checkpoint::verify(note, &origin, &key)
            .expect("signed by the log")
            .checkpoint
    };
    for (answer, certificates) in issued {
        let note = text(&answer["checkpoint"]);
        let checkpoint = open(&note);
        assert_eq!(answer["tree_size"], checkpoint.size);
        for certificate in certificates {
            let proof: Vec<certs::log::Hash> = certificate["inclusion_proof"]
                .as_array()
                .expect("a proof")
                .iter()
                .map(|hash| {
                    let bytes = data_encoding::BASE64
                        .decode(text(hash).as_bytes())
                        .expect("base64");
                    certs::log::Hash::from(<[u8; 32]>::try_from(bytes).expect("32 bytes"))
                })
                .collect();
            let index = certificate["leaf_index"].as_u64().expect("an index");
            let leaf = store::log::leaves(story.server.app.store.reader(), LeafIndex(index), 1)
                .await
                .expect("leaves are read");
            let sha256 = data_encoding::HEXLOWER
                .decode(text(&certificate["sha256"]).as_bytes())
                .expect("hexadecimal");
            assert!(
                leaf[0].entry.windows(32).any(|window| window == sha256),
                "the leaf commits to the signed bytes"
            );
            let leaf = certs::log::Hash::leaf(&leaf[0].entry);
            certs::log::verify_inclusion(&leaf, index, checkpoint.size, &proof, &checkpoint.root)
                .expect("the proof holds");
        }
    }
    let now = anybody.get("/log/checkpoint").await.text();
    assert_eq!(open(&now).size, story.server.leaves().await);
}

async fn a_scan_finds_it_genuine(story: &Story, certificate: &Value) {
    let id = text(&certificate["id"]);
    let anybody = story.who("anybody");
    let verdict = anybody
        .get(&format!("/api/v1/verifications/{id}"))
        .await
        .good();
    assert_eq!(
        (&verdict["state"], &verdict["valid"]),
        (&json!("valid"), &json!(true)),
        "{verdict}"
    );
    assert_eq!(verdict["certificate"]["holder_masked"], true);

    // The picture is read by a program that is not ours, and its text verified by libraries that are not ours.
    let picture = story
        .who("province-1")
        .get(&format!("/api/v1/certificates/{id}/qr.png"))
        .await;
    assert_eq!(picture.header("content-type"), "image/png");
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("qr.png");
    std::fs::write(&file, &picture.bytes).expect("a file");
    let qr_text = story.qr_text(&id).await;
    if let Some(read) = tests::interop::zbarimg(&file) {
        assert_eq!(read, qr_text);
    }
    let keys = anybody.get("/api/v1/keys").await.good();
    let file = certs::keys::PublicKeyFile::parse(&keys.to_string());
    assert!(
        file.is_ok(),
        "`cert verify --keys` reads the answer: {keys}"
    );
    let key = keys.as_array().expect("keys")[0].clone();
    let public_key = text(&key["public_key"]);
    if let Some(said) = tests::interop::foreign_cose(&qr_text, &public_key) {
        let said = said.expect("genuine");
        assert_eq!(said["verified_by"], json!(["cwt", "pycose"]));
    }
    a_flipped_bit_is_refused(story, &qr_text, &public_key).await;
}

/// In payload, signature and header.
async fn a_flipped_bit_is_refused(story: &Story, qr_text: &str, public_key: &str) {
    let (head, fragment) = qr_text.split_once('#').expect("a fragment");
    let bytes = data_encoding::BASE32_NOPAD
        .decode(fragment.as_bytes())
        .expect("base32");
    let length = bytes.len();
    // D2 84, a byte string with the protected header, an empty map, the payload, the signature of 64 bytes.
    for (part, at) in [
        ("header", 5),
        ("payload", length / 3),
        ("signature", length - 10),
    ] {
        let mut changed = bytes.clone();
        changed[at] ^= 1;
        let text = format!("{head}#{}", data_encoding::BASE32_NOPAD.encode(&changed));
        let answer = story
            .who("anybody")
            .post(
                "/api/v1/verifications",
                &json!({ "items": [{ "qr": text }] }),
            )
            .await
            .good();
        let state = &answer["items"][0]["state"];
        assert!(
            state == "not_genuine" || state == "indeterminate",
            "{part}: {answer}"
        );
        assert_ne!(answer["items"][0]["valid"], true, "{part}");
        if let Some(said) = tests::interop::foreign_cose(&text, public_key) {
            assert!(said.is_err(), "{part}: {said:?}");
        }
    }
}

async fn the_story_can_be_read(story: &Story) {
    let path = format!("/api/v1/institutions/{}/timeline", story.admission);
    let timeline = story.who("province-1").get(&path).await.good();
    let acts: Vec<&str> = timeline
        .as_array()
        .expect("entries")
        .iter()
        .filter_map(|entry| entry["act"].as_str())
        .collect();
    assert_eq!(
        acts,
        ["T01", "T04", "propose", "T06", "propose", "T08"],
        "{timeline}"
    );
    for entry in timeline.as_array().expect("entries") {
        assert!(
            entry["at"].is_string() && entry["role"].is_string() && entry["policy"].is_string(),
            "{entry}"
        );
    }
}
