// Head and foot of a poster, from the body's attributes: data-kind is the fraud type's Chinese name.
// The county's mark is a hill over three lines of water, cut out of a seal.
const MARK = `<svg class="mark" viewBox="0 0 100 100" aria-hidden="true">
  <rect width="100" height="100" rx="13" fill="currentColor"/>
  <g fill="none" stroke="var(--cut, var(--paper))" stroke-width="8.5" stroke-linejoin="miter" stroke-miterlimit="8">
    <path d="M14 57 38 22 54 45 64 31 86 57"/>
    <path d="M14 70q9-8 18 0t18 0 18 0 18 0" stroke-width="6.5"/>
    <path d="M14 84q9-8 18 0t18 0 18 0 18 0" stroke-width="6.5"/>
  </g></svg>`;
document.querySelectorAll(".put-mark").forEach((e) => { e.innerHTML = MARK; });
if (document.body.dataset.kind) {
  document.body.insertAdjacentHTML("afterbegin",
    `<header class="head"><span class="who" data-inside>${MARK}青溪县 反诈提示</span><span class="kind" data-inside>${document.body.dataset.kind}</span></header>`);
  document.body.insertAdjacentHTML("beforeend",
    `<footer class="foot"><span data-inside><b class="line">反诈专线 96110</b><span class="dot"> · </span>青溪县打击治理电信网络新型违法犯罪工作领导小组办公室</span></footer>`);
}
