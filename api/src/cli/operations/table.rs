//! Which operations of the API are commands.

use axum::http::Method;

use super::{Carries, Operation};

/// The nouns, in the order of the help.
pub(super) const NOUNS: &[(&str, &str)] = &[
    (
        "episode",
        "就业记录:申报、核实、异议、除外 / episodes of employment: claims, acts, exclusions",
    ),
    ("conflict", "就业记录的冲突 / conflicts between episodes"),
    ("follow-up", "就业回访 / follow-ups of employment"),
    (
        "register",
        "社保和按比例就业数据 / register snapshots and outages",
    ),
    ("related-party", "关联单位 / related parties"),
    ("survey", "满意度调查 / satisfaction surveys"),
    (
        "grading",
        "评级期:冻结、计算、政策、公布 / periods of grading: freeze, run, policy, publication",
    ),
    (
        "grievance",
        "对涉及学员的决定的申诉 / appeals against acts that concern a trainee",
    ),
    ("withdrawal", "申请退出 / asking to leave"),
    ("bulletin", "通报和公告 / bulletins"),
    (
        "report",
        "机构的意见、考察和检查 / opinions on institutions, visits, inspections",
    ),
];

const fn operation(
    noun: &'static str,
    verb: &'static str,
    method: Method,
    path: &'static str,
    about: &'static str,
) -> Operation {
    Operation {
        noun,
        verb,
        about,
        method,
        path,
        query: &[],
        body: Carries::Nothing,
        revised: false,
        anybody: false,
    }
}

const fn see(
    noun: &'static str,
    verb: &'static str,
    path: &'static str,
    about: &'static str,
) -> Operation {
    operation(noun, verb, Method::GET, path, about)
}

const fn act(
    noun: &'static str,
    verb: &'static str,
    path: &'static str,
    about: &'static str,
) -> Operation {
    operation(noun, verb, Method::POST, path, about)
}

impl Operation {
    const fn json(mut self) -> Self {
        self.body = Carries::Json;
        self
    }

    const fn table(mut self) -> Self {
        self.body = Carries::Table;
        self
    }

    const fn revised(mut self) -> Self {
        self.revised = true;
        self
    }

    const fn anybody(mut self) -> Self {
        self.anybody = true;
        self
    }

    const fn with(mut self, query: &'static [&'static str]) -> Self {
        self.query = query;
        self
    }
}

/// The operations.
#[rustfmt::skip]
pub(super) const OPERATIONS: &[Operation] = &[
    see("episode", "list", "/api/v1/enrolments/{enrolment}/episodes", "一条参训记录的就业记录 / episodes of an enrolment"),
    see("episode", "show", "/api/v1/episodes/{episode}", "查看一条就业记录 / one episode"),
    act("episode", "claim", "/api/v1/enrolments/{enrolment}/episodes", "申报就业 / claim an episode").json(),
    act("episode", "act", "/api/v1/episodes/{episode}/acts", "补充证据、确认、提出异议、终止 / add evidence, confirm, contest, end").json().revised(),
    act("episode", "exclude", "/api/v1/enrolments/{enrolment}/exclusion", "登记除外情形 X1–X5 / record an exclusion").json(),
    see("conflict", "list", "/api/v1/evidence-conflicts", "未结的冲突 / open conflicts"),
    act("conflict", "close", "/api/v1/evidence-conflicts/{conflict}/close", "结清一条冲突 / close one").json(),
    see("follow-up", "list", "/api/v1/follow-ups", "到期的回访 / follow-ups that are due").with(&["until"]),
    act("follow-up", "record", "/api/v1/follow-ups/{follow-up}", "登记回访结果 / record what was found").json(),
    act("register", "import", "/api/v1/register-snapshots", "导入社保或年审数据 / import a snapshot of a register").table().with(&["source", "as_of"]),
    act("register", "outage", "/api/v1/register-outages", "登记数据中断 / declare that a register did not answer").json(),
    see("related-party", "list", "/api/v1/institutions/{institution}/related-parties", "与机构有关联的用人单位 / employers related to an institution"),
    act("related-party", "record", "/api/v1/institutions/{institution}/related-parties", "登记关联单位 / record one").json(),
    act("related-party", "end", "/api/v1/institutions/{institution}/related-parties/{party}/end", "登记关联终止 / record its end").json(),
    act("survey", "verify-contact", "/api/v1/enrolments/{enrolment}/verified-contact", "登记学员本人核实的联系方式 / record the number a trainee told the federation").json(),
    act("survey", "send", "/api/v1/cohorts/{cohort}/survey", "发出调查 / send the survey of a class"),
    act("survey", "remind", "/api/v1/cohorts/{cohort}/survey/reminders", "提醒未答的人 / remind who has not answered"),
    see("survey", "show", "/api/v1/institutions/{institution}/survey", "一家机构的调查情况 / the surveys of an institution"),
    act("survey", "suspend", "/api/v1/institutions/{institution}/survey-suspension", "暂停采信满意度 / suspend an institution's survey").json(),
    act("survey", "not-contactable", "/api/v1/enrolments/{enrolment}/not-contactable", "确认联系不上 / confirm that somebody cannot be reached"),
    act("survey", "answer", "/api/v1/enrolments/{enrolment}/survey-answer", "录入纸质、电话、面访答卷 / take an answer on paper, by telephone or interview").json(),
    act("survey", "draw", "/api/v1/institutions/{institution}/survey-calls", "抽取复核样本 / draw the sample for calls").json(),
    see("survey", "calls", "/api/v1/survey-calls", "自己的复核电话 / one's own calls"),
    act("survey", "contact", "/api/v1/survey-calls/{call}/contact", "查看号码(记录用途) / read the number, with a purpose").json(),
    act("survey", "record", "/api/v1/survey-calls/{call}/outcome", "登记复核结果 / record a call").json(),
    see("survey", "flags", "/api/v1/institutions/{institution}/survey-flags", "可疑答卷 / flagged answers"),
    act("survey", "settle", "/api/v1/institutions/{institution}/survey-flags/{response}", "处理可疑答卷 / settle one").json(),
    see("grading", "freezes", "/api/v1/grading-freezes", "冻结的数据 / frozen periods"),
    act("grading", "freeze", "/api/v1/grading-freezes", "冻结一期数据 / freeze a period").json(),
    see("grading", "runs", "/api/v1/grading-runs", "评级计算 / runs"),
    act("grading", "run", "/api/v1/grading-runs", "计算一期评级 / compute a period").json(),
    see("grading", "results", "/api/v1/grading-runs/{run}/results", "一次计算的结果 / the results of a run"),
    see("grading", "policies", "/api/v1/grading-policies", "评级政策 / grading policies").anybody(),
    act("grading", "draft-policy", "/api/v1/grading-policies", "提交政策草案 / draft a policy").json(),
    act("grading", "publish-policy", "/api/v1/grading-policies/{policy}/publish", "发布政策(需第二人) / publish a policy; a second person"),
    see("grading", "publications", "/api/v1/grading-runs/{run}/publications", "一次计算的公布 / the publications of a run"),
    act("grading", "open-publication", "/api/v1/grading-runs/{run}/publications", "发起公布 / open the publication of a run"),
    act("grading", "act", "/api/v1/grade-publications/{publication}/acts", "办理公布 / act on a publication").json().revised(),
    see("grading", "monitoring", "/api/v1/institutions/{institution}/monitoring", "季度监测 / the monitoring of an institution"),
    see("grading", "ranking", "/api/v1/rankings", "公开的排名 / the public ranking").anybody().with(&["federation", "period"]),
    see("grading", "score", "/api/v1/catalogue/institutions/{code}/score", "一家机构公开的评级 / the public score of an institution").anybody(),
    see("grading", "provinces", "/api/v1/rankings/provinces", "各省比较 / the comparison of provinces").anybody(),
    act("grievance", "lodge", "/api/v1/appeals", "机构提出申诉 / an institution appeals").json(),
    see("grievance", "own", "/api/v1/me/appeals", "学员本人的申诉 / a trainee's own appeals"),
    act("grievance", "lodge-own", "/api/v1/me/appeals", "学员提出申诉 / a trainee appeals").json(),
    act("withdrawal", "ask", "/api/v1/institutions/{institution}/withdrawal", "机构申请退出 / an institution asks to leave").json(),
    act("withdrawal", "take-back", "/api/v1/institutions/{institution}/withdrawal/take-back", "机构撤回申请 / it takes the wish back").json(),
    act("withdrawal", "decline", "/api/v1/institutions/{institution}/withdrawal/decline", "省级残联不同意 / the province declines").json(),
    see("bulletin", "objections", "/api/v1/bulletins/{bulletin}/objections", "对一份通报的异议 / objections to a bulletin"),
    see("bulletin", "list", "/api/v1/bulletins", "通报列表 / bulletins of one's federation"),
    act("bulletin", "write", "/api/v1/bulletins", "起草通报 / write a bulletin").json(),
    see("bulletin", "show", "/api/v1/bulletins/{bulletin}", "查看一份通报 / one bulletin"),
    act("bulletin", "act", "/api/v1/bulletins/{bulletin}/acts", "复核、公示、发布、更正、撤回 / review, announce, publish, correct, withdraw").json().revised(),
    see("bulletin", "published", "/api/v1/catalogue/bulletins", "已发布的通报 / published bulletins").anybody(),
    see("report", "list", "/api/v1/institutions/{institution}/reports", "一家机构的意见、考察和检查 / reports about an institution"),
    act("report", "record", "/api/v1/institutions/{institution}/reports", "登记县级意见、市级考察或日常检查 / record an opinion, a visit or an inspection").json(),
];
