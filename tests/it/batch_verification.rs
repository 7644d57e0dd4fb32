//! Employers check many certificates at once: a table, photographs or lines in, a page or a workbook out; nothing is kept.

use reqwest::Method;
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};
use tests::answer::text;
use tests::{Answer, Database, Story, on_both};

on_both! {
    cells_that_are_no_text_come_back_as_they_were;
    a_table_without_a_header_comes_back_as_it_was;
    a_table_comes_back_with_its_own_columns_and_the_results;
    photographs_and_lines_are_answered_one_by_one;
    one_certificate_asked_for_in_several_ways_is_marked;
    what_cannot_be_checked_is_told;
    wrong_names_cost_as_much_as_one_by_one;
    a_number_and_a_name_cost_once_however_often_they_stand_there;
}

async fn send(story: &Story, path: &str, form: Form) -> Answer {
    let anybody = story.who("anybody");
    let request = anybody.ask(Method::POST, path).await;
    anybody.send(request.multipart(form)).await
}

fn file(name: &'static str, bytes: impl Into<Vec<u8>>) -> Part {
    Part::bytes(bytes.into()).file_name(name)
}

/// Two pictures in one photograph.
fn beside(left: &[u8], right: &[u8]) -> Vec<u8> {
    let [left, right] = [left, right].map(|bytes| {
        image::load_from_memory(bytes)
            .expect("a picture")
            .to_luma8()
    });
    let mut both = white(
        left.width() + right.width() + 40,
        left.height().max(right.height()),
    );
    image::imageops::overlay(&mut both, &left, 0, 0);
    image::imageops::overlay(&mut both, &right, i64::from(left.width()) + 40, 0);
    png(&both)
}

fn white(width: u32, height: u32) -> image::GrayImage {
    image::GrayImage::from_pixel(width, height, image::Luma([255]))
}

fn png(picture: &image::GrayImage) -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    picture
        .write_to(&mut bytes, image::ImageFormat::Png)
        .expect("written");
    bytes.into_inner()
}

/// State codes of the rows of a result.
fn states(html: &str) -> Vec<&str> {
    html.split("data-state=\"")
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
        .collect()
}

/// Number and name of an issued certificate.
async fn known(story: &Story, issued: &Value, at: usize) -> (String, String, String) {
    let id = text(&issued["certificates"][at]["id"]);
    let qr = story.qr_text(&id).await;
    let request = json!({ "items": [{ "qr": qr }] });
    let verdict = story
        .who("anybody")
        .post("/api/v1/verifications", &request)
        .await
        .good();
    let holder = text(&verdict["items"][0]["certificate"]["holder"]);
    (
        text(&issued["certificates"][at]["certificate_no"]),
        holder,
        qr,
    )
}

/// The first sheet of a workbook, as texts; a cell that is no text fails.
fn sheet(bytes: &[u8]) -> Vec<Vec<String>> {
    let rows = api::rosters::read_plain(bytes, &api::rosters::Limits::default());
    rows.expect("a workbook")
}

async fn a_table_comes_back_with_its_own_columns_and_the_results(database: Database) {
    let (story, issued) = Story::with_certificates(database, 2).await;
    let (number, name, qr) = known(&story, &issued, 0).await;
    let (second, _, _) = known(&story, &issued, 1).await;
    let table = format!(
        "工号,姓名,证书编号,备注\n0007,{name},{number},=1+1\n0008,张三,{second},\n0009,{name},{number},\n0010,李四,不是编号,\n0011,,{number},\n"
    );
    let form = Form::new()
        .part("file", file("list.csv", table))
        .text("as", "page");
    let page = send(&story, "/verify/batch", form).await;
    let html = page.text();
    assert_eq!(page.status, 200, "{html}");
    assert_eq!(page.header("cache-control"), "no-store");
    assert!(
        html.contains("已查验 5 份:") && html.contains("证书有效 2") && html.contains("没有查 2"),
        "{html}"
    );
    assert!(html.contains("与第 1 行重复"), "{html}");
    let states = states(&html);
    assert_eq!(
        states,
        ["valid", "not_found", "valid", "unreadable", "unreadable"]
    );
    for word in ["残", "isab", "<script"] {
        assert!(!html.contains(word), "{word}");
    }
    // A number and a name show what the public page shows: the name masked.
    let row = html.split("data-state=\"valid\"").nth(1).expect("a row");
    assert!(
        !row.split("</tr>").next().expect("its end").contains(&name),
        "{row}"
    );
    // The page sends its lines again for the workbook: nothing was kept.
    let again = html
        .split("name=\"again\" value=\"")
        .nth(1)
        .and_then(|rest| rest.split('"').next())
        .expect("the lines");
    let again = again
        .replace("&#34;", "\"")
        .replace("&#39;", "'")
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&#38;", "&");
    let workbook = send(
        &story,
        "/verify/batch",
        Form::new().text("again", again).text("as", "xlsx"),
    )
    .await;
    assert!(
        workbook
            .header("content-disposition")
            .contains("batch-result.xlsx"),
        "{}",
        workbook.text()
    );
    let rows = sheet(&workbook.bytes);
    assert_eq!(
        rows[0][..5],
        ["工号", "姓名", "证书编号", "备注", "查验结果"]
    );
    assert_eq!(
        rows[1][..6],
        [
            "0007",
            name.as_str(),
            number.as_str(),
            "=1+1",
            "证书有效",
            "valid"
        ]
    );
    assert_eq!(rows[2][..3], ["0008", "张三", second.as_str()]);
    assert_eq!(rows[3][11], "1", "the line that it repeats");
    assert_eq!(rows[4][5], "number-form");
    assert_eq!(rows[5][5], "name-missing");
    assert_eq!(rows.len(), 6, "no line is dropped");
    // A workbook of one's own, with the QR column; the signed name is shown to who holds the signed data.
    let template = story
        .who("anybody")
        .get("/verify/batch/template.xlsx")
        .await;
    assert_eq!(sheet(&template.bytes)[0], ["证书编号", "姓名", "二维码"]);
    let form = Form::new()
        .part("file", file("qr.csv", format!("二维码\n\"{qr}\"\n")))
        .text("as", "xlsx");
    let rows = sheet(&send(&story, "/en/verify/batch", form).await.bytes);
    assert_eq!(rows[1][1..3], ["证书有效", "valid"]);
    assert_eq!(rows[1][4], name);
}

async fn photographs_and_lines_are_answered_one_by_one(database: Database) {
    let (story, issued) = Story::with_certificates(database, 2).await;
    let (number, name, _) = known(&story, &issued, 0).await;
    let picture = |at: usize| {
        format!(
            "/api/v1/certificates/{}/qr.png",
            text(&issued["certificates"][at]["id"])
        )
    };
    let first = story.who("school-1").get(&picture(0)).await.bytes;
    let second = story.who("school-1").get(&picture(1)).await.bytes;
    let form = Form::new()
        .part("photos", file("1.png", first.clone()))
        .part("photos", file("2.png", second.clone()))
        .part(
            "photos",
            file("3.png", b"\x89PNG\r\n\x1a\nno picture".to_vec()),
        )
        .part("photos", file("4.gif", b"GIF89a".to_vec()))
        .part("photos", file("5.png", beside(&first, &second)))
        .part("photos", file("6.png", beside(&first, &first)))
        .part("photos", file("7.png", png(&white(300, 300))))
        .text("as", "xlsx");
    let rows = sheet(&send(&story, "/verify/batch", form).await.bytes);
    let codes: Vec<&str> = rows[1..].iter().map(|row| row[3].as_str()).collect();
    let damaged = ["valid", "valid", "image_damaged", "image_format"];
    assert_eq!(codes[..4], damaged);
    assert_eq!(
        codes[4..],
        ["two_codes", "valid", "no_code"],
        "one photograph, one certificate; the same code twice is one"
    );
    assert_eq!((rows[3][0].as_str(), rows.len()), ("3.png", 8));
    let lines =
        format!("{number} {name}\n\n{number}，张三\n{number}\nHTTPS://MINGZHENG.EXAMPLE/V/X#Y");
    let html = send(&story, "/verify/batch", Form::new().text("text", lines))
        .await
        .text();
    let states = states(&html);
    assert_eq!(states[..3], ["valid", "not_found", "unreadable"], "{html}");
    assert_eq!(states.len(), 4);
    assert_ne!(states[3], "valid");
}

async fn one_certificate_asked_for_in_several_ways_is_marked(database: Database) {
    let (story, issued) = Story::with_certificates(database, 2).await;
    let (number, name, qr) = known(&story, &issued, 0).await;
    let (other, other_name, _) = known(&story, &issued, 1).await;
    let (address, _) = qr.split_once('#').expect("a fragment");
    let table = format!(
        "某公司核验清单,,\n制表:人事部,,\n二维码,证书编号,姓名\n\"{qr}\",,\n,{number},{name}\n\"{address}\",,\n,{number},张三\n,{other},{other_name}\n,{number},张三\n"
    );
    let form = Form::new()
        .part("file", file("list.csv", table))
        .text("as", "xlsx");
    let rows = sheet(&send(&story, "/verify/batch", form).await.bytes);
    // What stood above the header goes back as it came.
    assert_eq!(rows[0][0], "某公司核验清单");
    assert_eq!(rows[1][0], "制表:人事部");
    assert_eq!(rows[2][..4], ["二维码", "证书编号", "姓名", "查验结果"]);
    let at = |row: usize, word: &str| {
        let column = rows[2]
            .iter()
            .position(|one| one == word)
            .expect("a column");
        rows[row].get(column).cloned().unwrap_or_default()
    };
    let column = |word: &str| (3..9).map(|row| at(row, word)).collect::<Vec<_>>();
    assert_eq!(
        column("状态代码"),
        ["valid", "valid", "valid", "not_found", "valid", "not_found"]
    );
    // A wrong name asks about nothing that is known; the same wrong question twice is one.
    assert_eq!(column("重复于行"), ["", "1", "1", "", "", "4"]);
}

/// Lines sent again, so many alike.
fn rows_of(row: &str, times: usize) -> String {
    let rows = row.repeat(times);
    let rows = rows.trim_end_matches(',');
    format!("{{\"header\":[],\"places\":{{}},\"rows\":[{rows}]}}")
}

async fn what_cannot_be_checked_is_told(database: Database) {
    let story = Story::staffed(database).await;
    let upload = |name, bytes: &[u8]| Form::new().part("file", file(name, bytes.to_vec()));
    for (form, word) in [
        (Form::new().text("text", "  \n"), "请选择文件"),
        (upload("a.csv", "甲,乙\n1,2\n".as_bytes()), "证书编号"),
        (upload("a.pdf", b"%PDF-1.7 x"), "PDF"),
        (upload("a.xlsx", &tests::rosters::file("bomb.xlsx")), "解压"),
        (upload("a.xlsx", &tests::rosters::file("broken.xlsx")), ""),
        (Form::new().text("text", "MZ 张三\n".repeat(1001)), "1001"),
        (Form::new().text("again", "{}"), "重新上传"),
        // Millions of lines, which nothing is made of.
        (
            Form::new().text("text", "a\n".repeat(10 << 20)),
            "10485760 份",
        ),
        (
            Form::new().text("again", rows_of("[],", 5 << 20)),
            "重新上传",
        ),
        (
            Form::new().text(
                "again",
                rows_of(&format!("[{}\"\"],", "\"\",".repeat(60)), 1),
            ),
            "重新上传",
        ),
    ] {
        let answer = send(&story, "/verify/batch", form).await;
        let html = answer.text();
        assert_eq!(answer.status, 422, "{word}: {html}");
        assert!(
            html.contains("role=\"alert\"") && html.contains(word),
            "{word}: {html}"
        );
        assert!(html.contains("<title>错误:"), "{html}");
    }
    let anybody = story.who("anybody");
    let request = anybody.ask(Method::POST, "/verify/batch").await;
    let plain = anybody.send(request.form(&[("text", "x")])).await;
    assert_eq!(plain.status, 415, "{}", plain.text());
    let large = Form::new().part("file", file("1.csv", vec![b'a'; 33 << 20]));
    let refused = send(&story, "/verify/batch", large).await;
    assert_eq!(refused.status, 413, "{}", refused.text());
}

async fn wrong_names_cost_as_much_as_one_by_one(database: Database) {
    let (story, issued) = Story::with_certificates(database, 1).await;
    let (number, name, qr) = known(&story, &issued, 0).await;
    let wrong = ["张一", "张二", "张三", "张四", "张五", "张六"];
    let mut lines: Vec<String> = wrong.iter().map(|one| format!("{number} {one}")).collect();
    lines.push(format!("{number} {name}"));
    lines.push(qr);
    let form = Form::new().text("text", lines.join("\n"));
    let html = send(&story, "/verify/batch", form).await.text();
    let states = states(&html);
    // After five wrong names the number answers nobody today, and its QR code everybody.
    assert_eq!(states[..5], ["not_found"; 5]);
    assert_eq!(states[5..], ["unreadable", "unreadable", "valid"]);
}

async fn a_number_and_a_name_cost_once_however_often_they_stand_there(database: Database) {
    let (story, issued) = Story::with_certificates(database, 1).await;
    let (number, name, _) = known(&story, &issued, 0).await;
    let page = async |name: &str| {
        let lines = format!("{number} {name}\n").repeat(6);
        let form = Form::new().text("text", lines);
        send(&story, "/verify/batch", form).await.text()
    };
    let json = async |names: &[&str]| {
        let item = |name: &&str| json!({ "number": number, "name": name });
        let items: Vec<Value> = names.iter().map(item).collect();
        let request = json!({ "items": items });
        let anybody = story.who("anybody");
        let answer = anybody.post("/api/v1/verifications", &request).await.good();
        let rows = answer["items"].as_array().expect("rows").iter();
        rows.map(|row| match &row["problem"]["code"] {
            Value::String(code) => code.clone(),
            _ => text(&row["state"]),
        })
        .collect::<Vec<_>>()
    };
    let right = page(&name).await;
    assert_eq!(states(&right), ["valid"; 6]);
    assert_eq!(right.matches("与第 1 行重复").count(), 5, "{right}");
    assert_eq!(json(&[name.as_str(); 6]).await, ["valid"; 6]);
    // Two wrong names, six times each, are two.
    assert_eq!(states(&page("张一").await), ["not_found"; 6]);
    assert_eq!(json(&["张二"; 6]).await, ["not_found"; 6]);
    // Mixed, each row has the answer to its own question.
    let mixed = json(&["张三", &name, "张三", "张四", &name, "张四"]).await;
    let (none, valid) = ("not_found", "valid");
    assert_eq!(mixed, [none, valid, none, none, valid, none]);
    assert_eq!(json(&["张五"]).await, [none]);
    assert_eq!(json(&[name.as_str()]).await, ["too-many-requests"]);
}

/// Days with their time, numbers in all digits, true and false: an employer's own columns are not ours to change.
async fn cells_that_are_no_text_come_back_as_they_were(database: Database) {
    use rust_xlsxwriter::{ExcelDateTime, Format, Workbook};
    let (story, issued) = Story::with_certificates(database, 1).await;
    let (number, name, _) = known(&story, &issued, 0).await;
    let mut workbook = Workbook::new();
    let own = workbook.add_worksheet();
    let heads = [
        "证书编号",
        "姓名",
        "到岗",
        "入职日",
        "班次",
        "在职",
        "工资",
        "流水号",
        "工号",
    ];
    for (column, word) in (0_u16..).zip(heads) {
        own.write(0, column, word).expect("written");
    }
    let formatted = |format: &str| Format::new().set_num_format(format);
    let day = ExcelDateTime::from_ymd(2026, 3, 5).expect("a day");
    let moment = day.clone().and_hms(14, 30, 15).expect("a moment");
    let shift = ExcelDateTime::from_hms(8, 30, 0).expect("a time");
    own.write(1, 0, number.as_str()).expect("written");
    own.write(1, 1, name.as_str()).expect("written");
    own.write_datetime_with_format(1, 2, &moment, &formatted("yyyy-mm-dd hh:mm:ss"))
        .expect("written");
    own.write_datetime_with_format(1, 3, &day, &formatted("yyyy-mm-dd"))
        .expect("written");
    own.write_datetime_with_format(1, 4, &shift, &formatted("hh:mm:ss"))
        .expect("written");
    own.write(1, 5, true).expect("written");
    own.write(1, 6, 5_200.5).expect("written");
    own.write(1, 7, 110_000_000_000_000_000.0).expect("written");
    own.write(1, 8, "0007").expect("written");
    let bytes = workbook.save_to_buffer().expect("a workbook");
    let form = Form::new()
        .part("file", file("own.xlsx", bytes.clone()))
        .text("as", "xlsx");
    let back = send(&story, "/verify/batch", form).await;
    assert_eq!(back.status, 200, "{}", back.text());
    let cells = |bytes: &[u8]| {
        let limits = api::rosters::Limits::default();
        api::rosters::read_cells(bytes, &limits).expect("cells")
    };
    let (sent, got) = (cells(&bytes), cells(&back.bytes));
    assert_eq!(got[0][..9], sent[0][..]);
    assert_eq!(got[1][..9], sent[1][..]);
    let words: Vec<&str> = sent[1].iter().map(|cell| cell.text.as_str()).collect();
    assert_eq!(
        words[2..],
        [
            "2026-03-05 14:30:15",
            "2026-03-05",
            "08:30:00",
            "TRUE",
            "5200.5",
            "110000000000000000",
            "0007"
        ]
    );
    assert_eq!(got[1][9].text, "证书有效");
}

/// Whatever stands beside number and name, in whichever column: what is clear is asked, and every cell stays where it was.
async fn a_table_without_a_header_comes_back_as_it_was(database: Database) {
    let (story, issued) = Story::with_certificates(database, 3).await;
    let people = [0, 1, 2].map(|at| known(&story, &issued, at));
    let mut rows = Vec::new();
    for (at, one) in people.into_iter().enumerate() {
        let (number, name, qr) = one.await;
        let row = match at {
            0 => vec!["1", &name, &number, "https://www.example.cn/1.jpg"],
            1 => vec!["https://www.example.cn/", "缝纫", &qr, ""],
            _ => vec!["缝纫", &name, &number, "2026年3月"],
        };
        rows.push(row.into_iter().map(str::to_owned).collect::<Vec<_>>());
    }
    let lines = rows.iter().map(|row| row.join(",") + "\n");
    let table = lines.collect::<String>();
    let form = Form::new()
        .part("file", file("own.csv", table.clone()))
        .text("as", "xlsx");
    let back = send(&story, "/verify/batch", form).await;
    assert_eq!(back.status, 200, "{}", back.text());
    let got = sheet(&back.bytes);
    assert_eq!(got[0][..5], ["", "", "", "", "查验结果"]);
    // Which of two words is the name is not guessed: a wrong one would count against the number.
    let states = ["valid", "valid", "name-unclear"];
    for ((row, sent), state) in got[1..].iter().zip(&rows).zip(states) {
        assert_eq!(row[..4], sent[..]);
        assert_eq!(row[5], state, "{row:?}");
    }
    assert_eq!(got.len(), 4);
    // The page sends the same lines again for the workbook.
    let form = Form::new().part("file", file("own.csv", table));
    let page = send(&story, "/verify/batch", form).await.text();
    let again = page.split("name=\"again\" value=\"").nth(1);
    let again = again.and_then(|rest| rest.split('"').next());
    let again = again.expect("the lines").replace("&#34;", "\"");
    let form = Form::new().text("again", again).text("as", "xlsx");
    let back = send(&story, "/verify/batch", form).await;
    // All but the moment of the check, which is the last column.
    let untimed = |rows: Vec<Vec<String>>| -> Vec<Vec<String>> {
        rows.into_iter().map(|row| row[..12].to_vec()).collect()
    };
    assert_eq!(untimed(sheet(&back.bytes)), untimed(got));
}
