// What the page says of its own accord. What the terminal says (results, faults, dishes) comes with its state.

// A bar is where a line may be broken: Chinese has no spaces, and a browser would break within a word.
const text = (zh, en) => ({ zh: zh.replaceAll("|", "\u200b"), en });

const showing = {
  card: text("请刷卡", "Show your card"),
  "card code": text("请刷卡或|出示付款码", "Show your card or payment code"),
  "card face": text("请刷卡|或刷脸", "Show your card or your face"),
  "card code face": text("请刷卡、|刷码或刷脸", "Show your card, code or face"),
  code: text("请出示|付款码", "Show your payment code"),
};

// Headline and next step for each phase, where the terminal's result does not say it better.
export const phases = {
  canteen: {
    idle: [text("欢迎就餐", "Welcome"), text("请稍候，即将计价", "The amount will appear here")],
    amount: [text("应付金额", "To pay"), null],
    present: [showing.card, null],
    working: [text("请勿|移开卡片", "Do not remove the card"), null],
    pin: [text("请输入密码", "Enter your PIN"), null],
    done: [text("已完成", "Done"), null],
    refused: [text("未成功", "Not done"), null],
    again: [text("请再刷|同一张卡", "Show the same card again"), null],
    closed: [text("暂停收款", "This counter is closed"), text("请到其他窗口", "Please use another counter")],
    "out-of-service": [text("暂停服务", "Out of service"), text("请到其他窗口", "Please use another counter")],
  },
  activation: {
    idle: [text("请放卡激活", "Lay down your card"), text("约 3 秒，听到提示再取卡", "3 seconds: wait for the voice")],
    working: [text("激活中，|请勿|移开卡片", "Activating: do not remove the card"), null],
    again: [text("请|重新放卡", "Lay the card down again"), null],
    closed: [text("暂停激活", "Closed"), text("请到卡务中心", "Please go to the card centre")],
    "out-of-service": [text("暂停服务", "Out of service"), text("请换一台终端", "Please use another kiosk")],
  },
};

// The cashier's side, where it is not the same.
export const cashier = {
  idle: [text("请输入金额", "Enter an amount"), null],
  present: [text("等待顾客", "Waiting for the holder"), null],
  pin: [text("顾客输入密码", "The holder enters the PIN"), null],
  closed: [text("未开班", "No shift is open"), text("输入工号，再按“班次”", "Your number, then Shift")],
  "out-of-service": [text("暂停服务", "Out of service"), text("见下方故障", "See the fault below")],
};

export const lost = [
  text("终端|正在重启", "The terminal is restarting"),
  text("请稍候，以恢复后的显示为准", "Please wait, and go by what is shown then"),
];

export const words = {
  balance: text("余额", "Balance"),
  allowance: text("离线可用", "Offline allowance"),
  subsidy: text("其中补贴", "Of which subsidy"),
  online: text("在线", "Online"),
  offline: text("离线", "Offline"),
  unknown: text("连接中", "Connecting"),
  queued: text("待传", "To send"),
  more: text("另有", "More:"),
  training: text("训练模式 · 不扣款", "TRAINING · nothing is sold"),
  operator: text("收银员", "Cashier"),
  noOperator: text("未开班", "No shift"),
  last: text("上一笔", "Last"),
  nothing: text("暂无", "None"),
  undelivered: text("按键未送达，请重按", "Key not delivered: press it again"),
};

// How the terminal's means read together; unknown combinations fall back to the card, which is always taken.
export const invitation = (means) => showing[[...means].sort().join(" ")] ?? showing.card;

// Integers of fen to yuan, by their digits: no division, so nothing is ever rounded.
export const yuan = (fen) => {
  const digits = String(Math.abs(fen)).padStart(3, "0");
  return `${fen < 0 ? "−" : ""}${digits.slice(0, -2)}.${digits.slice(-2)}`;
};
