//! `mingzheng account`: the first administrator, and further accounts by their superiors.

use std::path::PathBuf;

use clap::Subcommand;
use domain::access::Role;

use super::registry::{Acting, ActingArgs, CommandError, Printing, RegistryArgs, read_secret};
use crate::access::accounts::{self, CreateAccountRequest};
use crate::access::permissions::ManageAccounts;

/// 账号 / accounts
#[derive(Subcommand, Debug)]
pub enum AccountCommand {
    /// 新建账号;登记簿的第一个账号是全国管理账号,不需要 --as / make an account; the first one is the national officer and needs no --as
    Create {
        /// 登录名 / name to sign in with
        name: String,
        /// 姓名 / name of the person
        #[arg(long)]
        person_name: String,
        /// 新账号的口令文件 / file with the password of the new account
        #[arg(long, value_name = "FILE")]
        new_password_file: PathBuf,
        /// 岗位 / role: institution_operator, county_officer, prefecture_officer, province_officer, national_officer
        #[arg(long, default_value = "national_officer")]
        role: Role,
        /// 残联代码 / federation code, six digits
        #[arg(long)]
        federation: Option<String>,
        /// 机构编号 / institution id
        #[arg(long)]
        institution: Option<domain::ids::InstitutionId>,
        /// 同一人在本单位已有的登录名 / sign-in name that the same person has already in this organisation
        #[arg(long, value_name = "NAME", requires = "account")]
        same_person_as: Option<String>,
        /// 以哪个账号办理 / account to act under
        #[arg(long = "as", value_name = "NAME", requires = "password_file")]
        account: Option<String>,
        /// 账号口令文件 / file with the password of that account
        #[arg(long, value_name = "FILE")]
        password_file: Option<PathBuf>,
        /// 动态口令或恢复码 / code of the second factor, for an account that has one
        #[arg(long, value_name = "CODE")]
        second_factor: Option<String>,
        /// 幂等编号 / idempotency key
        #[arg(long)]
        key: Option<String>,
        /// 只试办,不写入 / try it without writing; needs --as
        #[arg(long, requires = "account")]
        dry_run: bool,
    },
}

/// Runs the command.
pub async fn run(
    command: AccountCommand,
    registry: &RegistryArgs,
    print: Printing,
) -> Result<(), CommandError> {
    let AccountCommand::Create {
        name,
        person_name,
        new_password_file,
        role,
        federation,
        institution,
        same_person_as,
        account,
        password_file,
        second_factor,
        key,
        dry_run,
    } = command;
    let password = read_secret(&new_password_file)?;
    let (Some(account), Some(password_file)) = (account, password_file) else {
        let app = registry.open().await?;
        return print.show(&accounts::create_first(&app, &name, &person_name, &password).await?);
    };
    let acting = ActingArgs {
        account,
        password_file,
        second_factor,
        key,
        dry_run,
    };
    let acting = Acting::begin::<ManageAccounts>(registry, &acting).await?;
    let request = CreateAccountRequest {
        name,
        person_name,
        role,
        federation,
        institution,
        same_person_as,
        password,
    };
    print.receipt(&accounts::create(&acting.app, &acting.actor, &acting.key, &request).await?)
}
