//! Help, privacy, accessibility, problem codes; the neutral verification has one page of its own for them.

use askama::Template;
use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;

use crate::app::App;
use crate::frame::{Brand, Caching, Frame, Visit, both, page};
use crate::problem::{Code, Problem};

/// Routes of this feature.
pub(crate) fn routes() -> Router<App> {
    let router = both(Router::new(), "/help", get(help));
    let router = both(router, "/privacy", get(privacy));
    let router = both(router, "/accessibility", get(accessibility));
    let router = both(router, "/verify/help", get(verify_help));
    let router = both(router, "/problems", get(problems));
    both(router, "/problems/{code}", get(one_problem))
}

struct Section {
    id: &'static str,
    title: &'static str,
    paragraphs: Vec<&'static str>,
}

#[derive(Template)]
#[template(path = "text.html")]
struct TextPage {
    f: Frame,
    heading: &'static str,
    sections: Vec<Section>,
}

/// One section: id, titles, pairs of paragraphs.
type Words = (
    &'static str,
    (&'static str, &'static str),
    &'static [(&'static str, &'static str)],
);

const CHECK: Words = (
    "help",
    ("怎样查验证书", "How to check a certificate"),
    &[
        (
            "用手机扫证书上的二维码,页面立即给出结论。",
            "Scan the QR code on the certificate with a telephone: the page tells the verdict at once.",
        ),
        (
            "二维码损坏时,在“证书查验”中输入证书编号和持证人姓名。",
            "If the code is damaged, type the number and the full name of the holder on the check page.",
        ),
        (
            "一次查验多张,可用接口 POST /api/v1/verifications,一次最多 1000 张。",
            "To check many at once, use POST /api/v1/verifications with up to 1,000 items.",
        ),
    ],
);
const SELF: Words = (
    "self-check",
    ("如何自行验证", "How to check it yourself"),
    &[
        (
            "二维码里有签发时签名的数据,不经本网站也能验证:用命令 mingzheng cert verify 图片 --keys 公钥文件。",
            "The QR code holds the signed data, so it can be checked without this site: mingzheng cert verify PICTURE --keys FILE.",
        ),
        (
            "公钥在 /api/v1/keys;格式是 COSE_Sign1(RFC 9052),任何 COSE 软件都能核对签名。",
            "The public keys are at /api/v1/keys; the format is COSE_Sign1 (RFC 9052), which any COSE software verifies.",
        ),
        (
            "每个密钥的状态写在签名的密钥清单 /api/v1/trust-list 里,清单只进不退;核对用命令 mingzheng trust verify。",
            "The state of each key stands in the signed trust list at /api/v1/trust-list, which never goes backwards; check it with mingzheng trust verify.",
        ),
        (
            "每张证书都在公开日志里,包含证明在 /log/proof/序号。",
            "Every certificate stands in the public log; its inclusion proof is at /log/proof/INDEX.",
        ),
    ],
);
const VERIFY_PRIVACY: Words = (
    "privacy",
    ("隐私", "Privacy"),
    &[
        (
            "查验页只显示遮盖后的姓名、证书种类、编号、机构、签发和有效日期、状态。",
            "The check page shows a masked name, the kind of certificate, its number, the institution, dates and the status.",
        ),
        (
            "查验时提交的内容不保存、不记录。",
            "What is typed or sent for a check is neither kept nor logged.",
        ),
    ],
);
const ACCESS: Words = (
    "accessibility",
    ("无障碍", "Accessibility"),
    &[
        (
            "本站按 WCAG 2.2 AA 和 GB/T 37668-2019 设计:不用脚本也能完成全部操作,可用键盘和读屏软件,320 像素宽不需左右滚动。",
            "The site is made for WCAG 2.2 AA and GB/T 37668-2019: everything works without scripts, by keyboard and with screen readers, at 320 pixels width without sideways scrolling.",
        ),
        (
            "右上方的“长辈版”把文字放大到 24 像素,按钮放大到 60 像素。",
            "“Large mode” enlarges text to 24 pixels and targets to 60 pixels.",
        ),
        (
            "尚未做到:易读版和手语视频。",
            "Not there yet: an easy-read version and sign language videos.",
        ),
        (
            "无法使用本站的人可以打咨询电话办理同样的事情。",
            "People who cannot use the site get the same by telephone.",
        ),
    ],
);
const PRIVACY: Words = (
    "privacy",
    ("我们怎样处理个人信息", "How personal data is handled"),
    &[
        (
            "学员的身份证号、残疾人证号、姓名和电话加密保存,只有依职责需要的人能看到,公开页面和日志里都没有。",
            "Identity numbers, disability card numbers, names and telephone numbers of trainees are encrypted; only those whose duty needs them see them, and no public page or log holds them.",
        ),
        (
            "证书查验只显示遮盖后的姓名,不显示残疾类别、等级、身份证号、住址和电话。",
            "A check shows a masked name only; never category or grade of a disability, identity number, address or telephone.",
        ),
        (
            "查验时提交的内容不保存、不记录。",
            "What is sent for a check is neither kept nor logged.",
        ),
        (
            "要求查阅、更正或删除,请联系户籍地残联。",
            "To see, correct or delete data, ask the federation of the household.",
        ),
    ],
);
const INSTITUTION: Words = (
    "institutions",
    ("培训机构怎样入库", "How an institution is admitted"),
    &[
        (
            "机构向场地所在县残联申请;县残联 5 个工作日内要求补正或受理,省残联审核并公示 5 个工作日后决定。",
            "An institution applies to the county federation of its site; the county asks for completion within 5 working days or accepts, the province reviews, publishes a notice of 5 working days, and decides.",
        ),
        (
            "每个环节都有经办人、时间、理由和政策版本,可以在时间线里看到。",
            "Every step stores who, when, why and under which policy, and stands in the timeline.",
        ),
    ],
);

fn sections(visit: &Visit, all: &[&Words]) -> Vec<Section> {
    all.iter()
        .map(|(id, title, paragraphs)| Section {
            id,
            title: visit.lang.pick(title.0, title.1),
            paragraphs: paragraphs
                .iter()
                .map(|(zh, en)| visit.lang.pick(zh, en))
                .collect(),
        })
        .collect()
}

fn text(
    app: &App,
    visit: &Visit,
    brand: Brand,
    (zh, en): (&'static str, &'static str),
    all: &[&Words],
) -> Result<Response, Problem> {
    let heading = visit.lang.pick(zh, en);
    let home = if brand == Brand::Registry {
        ("/", "首页", "Home")
    } else {
        ("/verify", "证书查验", "Check a certificate")
    };
    let f = Frame::new(app, visit, brand, heading).under(home.0, visit.lang.pick(home.1, home.2));
    page(
        StatusCode::OK,
        &TextPage {
            f,
            heading,
            sections: sections(visit, all),
        },
        Caching::Minute,
    )
}

async fn help(State(app): State<App>, visit: Visit) -> Result<Response, Problem> {
    text(
        &app,
        &visit,
        Brand::Registry,
        ("帮助", "Help"),
        &[&CHECK, &SELF, &INSTITUTION],
    )
}

async fn privacy(State(app): State<App>, visit: Visit) -> Result<Response, Problem> {
    text(
        &app,
        &visit,
        Brand::Registry,
        ("隐私", "Privacy"),
        &[&PRIVACY],
    )
}

async fn accessibility(State(app): State<App>, visit: Visit) -> Result<Response, Problem> {
    text(
        &app,
        &visit,
        Brand::Registry,
        ("无障碍声明", "Accessibility statement"),
        &[&ACCESS],
    )
}

async fn verify_help(State(app): State<App>, visit: Visit) -> Result<Response, Problem> {
    let all = [&CHECK, &SELF, &VERIFY_PRIVACY, &ACCESS];
    text(
        &app,
        &visit,
        Brand::Verify,
        ("查验帮助", "Help with checking"),
        &all,
    )
}

#[derive(Template)]
#[template(path = "problems.html")]
struct ProblemsPage {
    f: Frame,
    heading: &'static str,
    rows: Vec<(&'static str, u16, &'static str, &'static str)>,
}

async fn problems(State(app): State<App>, visit: Visit) -> Result<Response, Problem> {
    let heading = visit.lang.pick("问题代码", "Problem codes");
    codes(&app, &visit, heading, Code::ALL)
}

/// The address in the `type` of a problem.
async fn one_problem(
    State(app): State<App>,
    visit: Visit,
    Path(code): Path<String>,
) -> Result<Response, Problem> {
    let mut known = Code::ALL.iter().filter(|known| known.as_str() == code);
    let code = known.next().ok_or_else(Problem::not_found)?;
    let heading = visit.lang.pick(code.title_zh(), code.title_en());
    codes(&app, &visit, heading, std::slice::from_ref(code))
}

fn codes(
    app: &App,
    visit: &Visit,
    heading: &'static str,
    codes: &[Code],
) -> Result<Response, Problem> {
    // Two codes may share their title.
    let title = match codes {
        [one] => format!("{heading} {}", one.as_str()),
        _ => heading.to_owned(),
    };
    let mut f = Frame::new(app, visit, Brand::Registry, title)
        .under("/", visit.lang.pick("首页", "Home"))
        .under("/developers", visit.lang.pick("接口", "API"));
    if codes.len() == 1 {
        f = f.under("/problems", visit.lang.pick("问题代码", "Problem codes"));
    }
    let rows = codes
        .iter()
        .map(|code| {
            let title = visit.lang.pick(code.title_zh(), code.title_en());
            let sentence = visit.lang.pick(code.zh(), code.en());
            (code.as_str(), code.status().as_u16(), title, sentence)
        })
        .collect();
    page(
        StatusCode::OK,
        &ProblemsPage { f, heading, rows },
        Caching::Minute,
    )
}
