//! The whole table of what the API may answer instead of a result.

use axum::http::StatusCode;

macro_rules! codes {
    ($($variant:ident = $code:literal $status:ident $title_zh:literal / $title_en:literal : $zh:literal / $en:literal,)*) => {
        /// Stable codes; clients match these, people read the sentences.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Code {
            $(#[doc = $en] $variant),*
        }

        impl Code {
            /// Every code.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The text that clients match; the last part of `type`.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $code),* }
            }

            /// HTTP status.
            pub const fn status(self) -> StatusCode {
                match self { $(Self::$variant => StatusCode::$status),* }
            }

            /// Short Chinese title.
            pub const fn title_zh(self) -> &'static str {
                match self { $(Self::$variant => $title_zh),* }
            }

            /// Short English title.
            pub const fn title_en(self) -> &'static str {
                match self { $(Self::$variant => $title_en),* }
            }

            /// Standing Chinese sentence: what to do.
            pub const fn zh(self) -> &'static str {
                match self { $(Self::$variant => $zh),* }
            }

            /// Standing English sentence.
            pub const fn en(self) -> &'static str {
                match self { $(Self::$variant => $en),* }
            }
        }
    };
}

codes! {
    MalformedRequest = "malformed-request" BAD_REQUEST "请求无法读取" / "Request not readable":
        "请求内容无法读取,请检查格式后重新提交。" / "The request cannot be read; check its form and send it again.",
    IdempotencyKeyMissing = "idempotency-key-missing" BAD_REQUEST "缺少 Idempotency-Key" / "Idempotency-Key missing":
        "请在请求头 Idempotency-Key 中给出一个新的编号(1 至 128 个可见 ASCII 字符),重复提交时沿用同一个编号。" / "Send a new number in the header Idempotency-Key (1 to 128 visible ASCII characters) and keep it when you repeat the request.",
    RequestTimeout = "request-timeout" REQUEST_TIMEOUT "内容传得太慢" / "The body came too slowly":
        "内容传得太慢,连接已中断;请换较好的网络后重新提交,沿用同一个 Idempotency-Key。" / "What was sent came too slowly and was given up; try again on a better line, with the same Idempotency-Key.",
    UrlTooLong = "url-too-long" URI_TOO_LONG "地址过长" / "Address too long":
        "地址超过 8 KiB,请缩短查询条件。" / "The address is longer than 8 KiB; shorten the query.",
    HeadersTooLarge = "headers-too-large" REQUEST_HEADER_FIELDS_TOO_LARGE "请求头过大" / "Headers too large":
        "请求头超过 16 KiB,请清除本站的 Cookie 后重试。" / "The headers are larger than 16 KiB; remove the cookies of this site and try again.",
    Unauthenticated = "unauthenticated" UNAUTHORIZED "请先登录" / "Sign in first":
        "请先登录,再重试。" / "Sign in and try again.",
    InvalidCredentials = "invalid-credentials" UNAUTHORIZED "用户名或密码不对" / "Wrong name or password":
        "用户名或密码不对,请核对后重试。" / "The name or the password is wrong; check both and try again.",
    Forbidden = "forbidden" FORBIDDEN "没有权限" / "Not allowed":
        "您的岗位没有这项权限。" / "Your post does not have this permission.",
    SecondFactorRequired = "second-factor-required" FORBIDDEN "须先验证第二因素" / "Second factor required":
        "请先登记并验证动态口令(或恢复码),再重试。" / "Enrol and prove your second factor (a one-time code or a recovery code), then try again.",
    StepUpRequired = "step-up-required" FORBIDDEN "须重新验证" / "Prove it again":
        "这一操作要求 5 分钟内验证过动态口令,请重新验证后再试。" / "This act needs a proof of the second factor within the last five minutes; prove it again and retry.",
    CrossSite = "cross-site" FORBIDDEN "请从本平台的页面提交" / "Not sent from our page":
        "这个表单不是从本平台的页面提交的;请重新打开页面后再提交。" / "This form was not sent from a page of the registry; open the page again and send it from there.",
    ReadNotNeeded = "read-not-needed" FORBIDDEN "这项用途不需要这些信息" / "Not needed for this purpose":
        "您的岗位办理这项用途不需要查看所选的信息,请只选需要的项。" / "Your post does not need these values for this purpose; ask only for those that are needed.",
    NotFound = "not-found" NOT_FOUND "没有找到" / "Not found":
        "没有找到,或不在您的管辖范围内。" / "There is no such thing, or it is outside your area.",
    MethodNotAllowed = "method-not-allowed" METHOD_NOT_ALLOWED "不支持这种请求方法" / "Method not allowed":
        "这个地址不支持这种请求方法,请看 Allow。" / "This address does not take this method; see Allow.",
    NotAcceptable = "not-acceptable" NOT_ACCEPTABLE "没有所要的格式" / "Not acceptable":
        "没有您要的格式。" / "There is no such form of it.",
    Conflict = "conflict" CONFLICT "他人已修改" / "Changed by somebody else":
        "他人已先作修改,请重新打开后再试;您的内容没有写入。" / "Somebody else changed it first; open it again and retry. Nothing of yours was written.",
    Duplicate = "duplicate" CONFLICT "已有相同记录" / "Already there":
        "已有相同的记录,没有重复写入。" / "The same record exists; nothing was written twice.",
    TransitionRefused = "transition-refused" CONFLICT "当前状态不允许" / "Not allowed in this state":
        "当前状态不允许这一操作。" / "This act is not allowed in the present state.",
    SecondPersonRequired = "second-person-required" CONFLICT "须由另一人办理" / "A second person is needed":
        "这一事项须由提出人以外的另一人确认。" / "Somebody other than the proposer must confirm this act.",
    ConflictOfInterest = "conflict-of-interest" CONFLICT "应当回避" / "Conflict of interest":
        "您与该机构有利害关系,应当回避;这一事项由他人办理。" / "You have an interest in this institution; somebody else must act.",
    OpenProposal = "open-proposal" CONFLICT "已有待确认的提议" / "A proposal is waiting":
        "同一事项已有待确认的提议,请先确认或退回。" / "A proposal for the same act is waiting; confirm or refuse it first.",
    PeriodNotFrozen = "period-not-frozen" CONFLICT "评价周期未冻结" / "Period not frozen":
        "这一评价周期还没有冻结,不能评级;请先由中国残联冻结数据。" / "This period is not frozen and cannot be graded; the national level freezes its evidence first.",
    SurveyClosed = "survey-closed" CONFLICT "调查已结束" / "Survey closed":
        "这个链接已用过或已过期,答案没有写入;如有需要请拨打咨询电话。" / "This link was used or is too old, and nothing was written; call the help line if you need one.",
    RegisterFaults = "register-faults" UNPROCESSABLE_ENTITY "登记数据有错误" / "The register file has faults":
        "文件有错误,没有写入;请按每行的说明修改后重新上传。" / "The file has faults and nothing was written; mend each row as told and upload it again.",
    InstitutionNotAdmitted = "institution-not-admitted" CONFLICT "机构未入库" / "Institution not admitted":
        "机构尚未入库或不在可办班的状态。" / "The institution is not admitted, or not in a state in which it may train.",
    InstitutionSuspended = "institution-suspended" CONFLICT "机构已暂停" / "Institution suspended":
        "机构已被暂停,恢复前不能办理。" / "The institution is suspended; this is possible only after it resumes.",
    CapReached = "cap-reached" CONFLICT "超过暂定机构的上限" / "Cap of a provisional institution reached":
        "暂定机构同时办班的班数或人数已到上限。" / "A provisional institution has reached its limit of running cohorts or trainees.",
    PlacesGrow = "places-grow" CONFLICT "C 级机构不得增加名额" / "No growth in places at grade C":
        "C 级机构同时在办的名额不得超过定级前的最多数。" / "At grade C an institution has no more places at once than it had before the grade.",
    OfferNotOpen = "offer-not-open" CONFLICT "项目未开放" / "Offer not open":
        "该机构的这一项目当前没有开放。" / "The institution's offer of this programme is not open.",
    CohortNotAccepted = "cohort-not-accepted" CONFLICT "班期未验收" / "Cohort not accepted":
        "班期尚未验收,不能签发证书。" / "The cohort is not accepted; no certificate can be issued.",
    GatesFailed = "gates-failed" CONFLICT "签发条件不满足" / "Conditions of issue not met":
        "有学员不满足签发条件,整批没有签发。" / "Some trainees do not meet the conditions; nothing of the batch was issued.",
    BatchHeld = "batch-held" CONFLICT "须先复核" / "A review is needed":
        "这一批有疑点,须由另一名经办人复核并说明理由后才能批准;没有签发任何证书。" / "Something about this batch must be looked at: another officer reviews it with a reason before it is approved. Nothing was issued.",
    AlreadyEnrolled = "already-enrolled" CONFLICT "已登记第二因素" / "Second factor enrolled":
        "已登记动态口令。要更换设备,请先登记一把安全密钥,再删除动态口令后重新登记;设备遗失请找账号管理员。" / "An authenticator of codes is enrolled. To change it, add a security key, remove the authenticator and enrol anew; for a lost one ask your account administrator.",
    LastSecondFactor = "last-second-factor" CONFLICT "最后一种第二因素" / "The last second factor":
        "您的岗位须有第二因素,最后一种不能删除;请先登记另一种。" / "Your post needs a second factor, and this is the last one; add another first.",
    CodeSpent = "code-spent" GONE "验证码无效" / "Code not valid":
        "验证码不对、已用过或已过期,请重新索取。" / "The code is wrong, used, or too old; ask for a new one.",
    AnswerGone = "answer-gone" GONE "首次答复已无法再次给出" / "The first answer cannot be given again":
        "这个请求已办理过一次,但首次答复中的保密内容因密钥更换已不能再显示;请换一个新的 Idempotency-Key 重新办理。" / "This request was done once, but the secret in its answer was kept under a key that has been put away; send it again with a new Idempotency-Key.",
    RosterFaults = "roster-faults" UNPROCESSABLE_ENTITY "名单有错误" / "The roster has faults":
        "名单有错误,没有写入;请按每行的说明修改后重新上传,或选择只导入正确的行。" / "The roster has faults and nothing was written; mend each row as told and upload again, or import the good rows.",
    UploadType = "upload-type" UNSUPPORTED_MEDIA_TYPE "文件类型不支持" / "File type not supported":
        "请上传 .xlsx 或 .csv 文件。" / "Upload an .xlsx or .csv file.",
    UploadUnreadable = "upload-unreadable" UNPROCESSABLE_ENTITY "文件无法读取" / "File not readable":
        "文件无法读取,请另存后重新上传。" / "The file cannot be read; save it anew and upload it again.",
    UploadEncoding = "upload-encoding" UNPROCESSABLE_ENTITY "文件编码不对" / "Wrong encoding":
        "文件不是 UTF-8 或 GB18030 编码,请另存为 UTF-8 CSV 或 .xlsx。" / "The file is neither UTF-8 nor GB18030; save it as UTF-8 CSV or .xlsx.",
    UploadExpands = "upload-expands" PAYLOAD_TOO_LARGE "文件展开后过大" / "The file expands too far":
        "文件展开后过大,请拆分后上传。" / "The file expands too far; split it.",
    NoGlyph = "no-glyph" UNPROCESSABLE_ENTITY "字体中没有这个字" / "No font has this character":
        "证书字体中没有姓名或名称里的这个字,请联系平台补装字体。" / "No font of the paper has this character; ask the registry to install one that has it.",
    PaperUnavailable = "paper-unavailable" SERVICE_UNAVAILABLE "暂时不能打印" / "Printing not available":
        "这台服务器现在不能制作这种证书文件;二维码和网上查验不受影响。" / "This server cannot make this form of the certificate now; its QR code and its verification are not affected.",
    TooLarge = "too-large" PAYLOAD_TOO_LARGE "内容过大" / "Too large":
        "提交的内容超过上限,请拆分后重试。" / "What was sent is over the limit; split it.",
    UnsupportedMediaType = "unsupported-media-type" UNSUPPORTED_MEDIA_TYPE "内容类型不对" / "Wrong content type":
        "请用 application/json 提交。" / "Send application/json.",
    PreconditionFailed = "precondition-failed" PRECONDITION_FAILED "他人已修改" / "Changed by somebody else":
        "您看到的版本已被他人修改,请重新打开后再试。" / "The version you saw was changed by somebody else; open it again.",
    PreconditionRequired = "precondition-required" PRECONDITION_REQUIRED "缺少 If-Match" / "If-Match missing":
        "请在请求头 If-Match 中给出您看到的版本(ETag)。" / "Send the version you saw (ETag) in the header If-Match.",
    InvalidRequest = "invalid-request" UNPROCESSABLE_ENTITY "有内容需要修改" / "Some content must be changed":
        "请按每一项的说明修改后重新提交。" / "Change each item as told and send it again.",
    IdempotencyKeyReused = "idempotency-key-reused" UNPROCESSABLE_ENTITY "编号已用于另一请求" / "Key used for another request":
        "这个 Idempotency-Key 已用于另一个请求,请换一个新的编号。" / "This Idempotency-Key was used for another request; take a new one.",
    TooManyRequests = "too-many-requests" TOO_MANY_REQUESTS "请求过多" / "Too many requests":
        "请求过多,请稍后再试。" / "Too many requests; try again later.",
    Internal = "internal" INTERNAL_SERVER_ERROR "内部错误" / "Internal error":
        "系统内部出错,已作记录;请凭编号向我们反映。" / "Something went wrong on our side and was recorded; quote the reference number.",
    Unavailable = "unavailable" SERVICE_UNAVAILABLE "暂时无法办理" / "Not available now":
        "暂时无法办理,请稍后再试;没有写入任何内容。" / "Not possible just now; try again later. Nothing was written.",
    Overloaded = "overloaded" SERVICE_UNAVAILABLE "系统繁忙" / "Overloaded":
        "系统繁忙,请稍后再试;没有得到答复的,原样再提交一次,不会办两次。" / "Too much is being done at once; try again later. What was not answered may be sent again as it is: nothing is done twice.",
    Clock = "clock" SERVICE_UNAVAILABLE "系统时间异常" / "Clock out of order":
        "系统时间落后于登记簿,或比见证方的时间快一分钟以上,暂停签发,查验照常;请管理员校准时钟。" / "The clock is behind the log, or over a minute before those of its witnesses: issuing is paused, verification goes on. The operator sets the clock right.",
    LogInconsistent = "log-inconsistent" SERVICE_UNAVAILABLE "登记簿校验未通过" / "Log check failed":
        "公开登记簿校验未通过,暂停写入。" / "The public log failed its check; writing is paused.",
    LogBehind = "log-behind" SERVICE_UNAVAILABLE "数据库落后于已公布的日志" / "The database is behind the published log":
        "数据库缺少已公布的日志记录(可能是从备份恢复的),暂停签发,查验照常;请管理员运行 mingzheng log recover。" / "Published leaves are missing in the database, as after the restore of a backup: nothing is issued, verification goes on. The operator runs `mingzheng log recover`.",
    KeyUnavailable = "key-unavailable" SERVICE_UNAVAILABLE "没有可用的签发密钥" / "No usable issuer key":
        "该省残联当前没有可用的签发密钥。" / "The federation has no usable issuer key now.",
    KeyCompromised = "key-compromised" CONFLICT "签发密钥已泄露" / "Issuer key compromised":
        "签发这张证书的密钥已泄露或未启用,不再据此出具文件;请向发证单位申请免费重发。" / "The key of this certificate is compromised or not in use, and nothing more is made with it; ask the issuing office for a new certificate, free of charge.",
}
