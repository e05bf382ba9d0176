// The closing card of every clip; the page's <section class="scene end"> says when it comes (--at).
for (const e of document.querySelectorAll(".end")) {
  const at = parseFloat(e.style.getPropertyValue("--at"));
  const tall = document.body.classList.contains("tall");
  const line = (delay, style, text) => `<p class="up" style="--at:${at + delay}s;${style}"><span data-inside>${text}</span></p>`;
  e.innerHTML = tall
    ? `<div class="put-mark" style="left:60px;top:150px"></div>` +
      line(.3, "left:60px;top:330px;font-size:50px", "反诈预警劝阻专线") +
      line(.4, "left:54px;top:392px;font-size:212px;line-height:1.1;letter-spacing:-.02em;color:var(--red)", "96110") +
      line(.6, "left:60px;top:700px;font-size:64px;line-height:1.4", "被骗了，<br>立即拨打 110") +
      line(.8, "left:60px;top:1090px;font-size:34px;line-height:1.5;border-top:4px solid;padding-top:22px;width:600px", "青溪县打击治理电信网络<br>新型违法犯罪工作领导小组办公室")
    : `<div class="put-mark" style="left:80px;top:76px"></div>` +
      line(.2, "left:200px;top:92px;font-size:44px", "反诈预警劝阻专线") +
      line(.3, "left:70px;top:176px;font-size:300px;line-height:1.1;letter-spacing:-.02em;color:var(--red)", "96110") +
      line(.5, "left:80px;top:502px;font-size:60px", "来电请接听 · 被骗立即拨打 110") +
      line(.7, "left:80px;top:610px;font-size:33px;line-height:1;border-top:4px solid;padding-top:26px;width:1120px", "青溪县打击治理电信网络新型违法犯罪工作领导小组办公室");
}
