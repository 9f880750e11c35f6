// The items before and after one: in the order in which the list was left, else in that of the run. Also by the arrow keys.
export default {
  props: { base: String, item: String, before: String, after: String },
  template: `
    <div class="row">
      <a v-if="ends[0]" class="btn" rel="prev" :href="href(ends[0])">‹ Previous</a>
      <a v-if="ends[1]" class="btn" rel="next" :href="href(ends[1])">Next ›</a>
      <span v-if="told" class="small num">{{ told }}</span>
    </div>`,
  data() {
    const kept = JSON.parse(sessionStorage.getItem("burnish-items") || "{}");
    const place = kept.base === this.base && kept.query === location.search ? (kept.ids || []).indexOf(this.item) : -1;
    const ends = place < 0 ? [this.before, this.after] : [kept.ids[place - 1], kept.ids[place + 1]];
    return { ends, told: place < 0 ? "" : `${(place + 1).toLocaleString("en")} of ${kept.ids.length.toLocaleString("en")}` };
  },
  mounted() { window.addEventListener("keydown", this.turn); },
  unmounted() { window.removeEventListener("keydown", this.turn); },
  methods: {
    href(id) { return `${this.base}/items/${encodeURIComponent(id)}${location.search}`; },
    turn(event) {
      if (/INPUT|TEXTAREA|SELECT/.test(event.target.tagName) || event.altKey || event.ctrlKey || event.metaKey) return;
      const to = { ArrowLeft: this.ends[0], ArrowRight: this.ends[1] }[event.key];
      if (to) location.href = this.href(to);
    },
  },
};
