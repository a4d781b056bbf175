// What the studio tells in sentences, in Chinese: errors with their remedies, and the gate's findings.
export const TOLD = [
  // The server
  [/^[Tt]oo many wrong passwords: wait (\d+) seconds\.?$/, '密码错误次数过多：请等待 $1 秒。'],
  [/^sign in first, at \/sign-in$/, '请先登录（/sign-in）'],
  [/^this request came through a proxy, and nobody has to sign in here: .+$/, '此请求经由代理，而此处无需登录：请用 `studio users add 名称` 添加用户，此后所有人都须登录'],
  // Safety
  // Errors
  [/^seed (\S+) is out of range: choose 0 to (\d+), or -1 for a random one$/, '种子 $1 超出范围：请填 0 至 $2，-1 为随机'],
  [/^0 to (\d+), or -1 for a random one$/, '0 至 $1，-1 为随机'],
  [/^seed (\S+) is no whole number: choose 0 to (\d+), or -1 for a random one$/, '种子 $1 不是整数：请填 0 至 $2，-1 为随机'],
  [/^a run is under way on this page: wait for it, or stop it first$/, '本页已有运行在进行：请等待，或先停止'],
  // Models and their files
  [/^the doodle did not arrive as a PNG: reload the page and draw again$/, '涂鸦未能以 PNG 送达：请刷新页面重画'],
  [/^that variant is not in the history any more$/, '该变体已不在历史中'],
  [/^the theme has no name: type one(\.?)$/, '主题没有名称：请填写$1'],
  [/^the sweep has no axis: choose a field for X$/, '扫描没有轴：请为 X 选择字段'],
];
