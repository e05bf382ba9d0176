//! 诈骗类型: the categories county offices count cases by (requirements.md K2; names after the police's own list).

use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};

/// Which fraud a creative warns of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cbor(index_only)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "each is named by name_zh below")]
pub enum FraudType {
    #[n(0)]
    FakeLoan,
    #[n(1)]
    FakeInvestment,
    #[n(2)]
    OrderBrushing,
    #[n(3)]
    ShoppingRefund,
    #[n(4)]
    FakeService,
    #[n(5)]
    ImpersonateBoss,
    #[n(6)]
    ImpersonatePolice,
    #[n(7)]
    Romance,
    #[n(8)]
    GameTrade,
    #[n(9)]
    CreditRepair,
    #[n(10)]
    General,
}

impl FraudType {
    /// Every fraud type, in the order a list shows them.
    pub const ALL: &'static [Self] = &[
        Self::FakeLoan,
        Self::FakeInvestment,
        Self::OrderBrushing,
        Self::ShoppingRefund,
        Self::FakeService,
        Self::ImpersonateBoss,
        Self::ImpersonatePolice,
        Self::Romance,
        Self::GameTrade,
        Self::CreditRepair,
        Self::General,
    ];

    /// The stable code, as in JSON and in the database.
    pub const fn code(self) -> &'static str {
        match self {
            Self::FakeLoan => "fake_loan",
            Self::FakeInvestment => "fake_investment",
            Self::OrderBrushing => "order_brushing",
            Self::ShoppingRefund => "shopping_refund",
            Self::FakeService => "fake_service",
            Self::ImpersonateBoss => "impersonate_boss",
            Self::ImpersonatePolice => "impersonate_police",
            Self::Romance => "romance",
            Self::GameTrade => "game_trade",
            Self::CreditRepair => "credit_repair",
            Self::General => "general",
        }
    }

    /// The name an official uses.
    pub const fn name_zh(self) -> &'static str {
        match self {
            Self::FakeLoan => "虚假网络贷款",
            Self::FakeInvestment => "虚假网络投资理财",
            Self::OrderBrushing => "刷单返利",
            Self::ShoppingRefund => "网购退赔",
            Self::FakeService => "冒充电商物流客服",
            Self::ImpersonateBoss => "冒充领导、熟人",
            Self::ImpersonatePolice => "冒充公检法",
            Self::Romance => "网络婚恋交友",
            Self::GameTrade => "游戏产品虚假交易",
            Self::CreditRepair => "虚假征信",
            Self::General => "综合防范",
        }
    }

    /// The type with this code.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|t| t.code() == code)
    }
}
