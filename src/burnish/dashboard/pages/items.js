// The items of a run: read some at a time, narrowed, ordered and drawn here; of thousands only what is in sight is in the page.
const PLACE = "burnish-items";
const CHOICES = { all: "All", pass: "Passed", fail: "Failed", error: "Error" };
const ORDERS = { done: "In their order", low: "Lowest score first", high: "Highest score first", row: "By row" };

export default {
  props: { source: String, base: String, criteria: Array, known: Object, is_under_way: Boolean },
  template: `
    <div class="items">
      <div class="row filter">
        <div class="choices" role="group" aria-label="Show">
          <button v-for="(name, key) in choices" :key="key" type="button" class="choice" :class="{ here: show === key }"
            :aria-pressed="show === key ? 'true' : 'false'" @click="show = key">{{ name }} <span class="num">{{ told(counts[key]) }}</span></button>
        </div>
        <select v-if="criteria.length > 1" class="field" aria-label="Criterion" v-model="failed">
          <option value="">Any criterion</option>
          <option v-for="(name, place) in criteria" :key="place" :value="String(place)">Fails {{ name }}</option>
        </select>
        <select class="field" aria-label="Order" v-model="order">
          <option v-for="(name, key) in orders" :key="key" :value="key">{{ name }}</option>
        </select>
        <input class="field grow" type="search" data-search="yes" aria-label="Find in items" placeholder="Find in questions and answers   /" v-model="find">
      </div>
      <p v-if="wrong" class="note bad">{{ wrong }}</p>
      <div class="card flush">
        <div class="item head-line" aria-hidden="true">
          <span>Row</span><span>Outcome</span><span class="score">Score</span><span>Question</span><span>Answer</span><span class="tokens-of">Tokens</span>
        </div>
        <div v-if="!shown.length" class="empty">
          <h2>{{ rows.length ? "No item matches" : is_reading ? "Reading the items …" : "No items yet" }}</h2>
          <p v-if="rows.length">Change what is shown above.</p>
        </div>
        <q-virtual-scroll v-else :items="shown" scroll-target="body" :virtual-scroll-item-size="height" :virtual-scroll-slice-size="30" v-slot="{ item }">
          <a class="item" :key="item[0]" :href="href(item)" @click="leave">
            <span class="num faint">{{ item[1] + 1 }}</span>
            <span><span class="pill" :class="item[2]">{{ choices[item[2]] }}</span></span>
            <span class="num strong score">{{ score(item) }}</span>
            <span class="said soft">{{ item[4] }}</span>
            <span class="said">{{ item[5] }}</span>
            <span class="num faint tokens-of">{{ item[6] === null ? "–" : told(item[6]) }}</span>
          </a>
        </q-virtual-scroll>
      </div>
    </div>`,
  data() {
    const asked = new URLSearchParams(location.search);
    const known = (name, among, otherwise) => (Object.hasOwn(among, asked.get(name)) ? asked.get(name) : otherwise);
    return {
      rows: Object.freeze([]), last: "", is_reading: false, wrong: "", choices: CHOICES, orders: ORDERS,
      show: known("show", CHOICES, "all"), order: known("order", ORDERS, "done"),
      find: asked.get("find") || "", failed: this.criteria[asked.get("failed")] ? asked.get("failed") : "",
      height: matchMedia("(max-width: 820px)").matches ? 118 : 62,
    };
  },
  computed: {
    counts() {
      const { pass, fail, error } = this.known;
      return { all: pass + fail + error, pass, fail, error };
    },
    shown() {
      const sought = this.find.trim().toLowerCase();
      const place = this.failed === "" ? null : Number(this.failed);
      const found = this.rows.filter((row) =>
        (this.show === "all" || row[2] === this.show)
        && (place === null || (row[3][place] && !row[3][place][1]))
        && (!sought || row[4].toLowerCase().includes(sought) || row[5].toLowerCase().includes(sought)));
      const by = { low: this.mean, high: (row) => -this.mean(row), row: (row) => row[1] }[this.order];
      return Object.freeze(by ? found.sort((a, b) => (by(a) < by(b) ? -1 : by(a) > by(b) ? 1 : 0)) : found);
    },
    query() {
      const asked = new URLSearchParams();
      if (this.show !== "all") asked.set("show", this.show);
      if (this.order !== "done") asked.set("order", this.order);
      if (this.find) asked.set("find", this.find);
      if (this.failed) asked.set("failed", this.failed);
      return asked.size ? `?${asked}` : "";
    },
  },
  watch: {
    query(now) { history.replaceState(history.state, "", location.pathname + now); },
    is_under_way() { this.read(); },
  },
  async mounted() {
    await this.read();
    const kept = JSON.parse(sessionStorage.getItem(PLACE) || "{}");
    if (kept.base === this.base && kept.query === this.query && kept.top) {
      sessionStorage.setItem(PLACE, JSON.stringify({ ...kept, top: 0 }));
      requestAnimationFrame(() => window.scrollTo(0, kept.top));
    }
  },
  unmounted() { clearTimeout(this.timer); },
  methods: {
    told: (number) => number.toLocaleString("en"),
    mean: (row) => (row[3].length && row[2] !== "error" ? row[3].reduce((sum, each) => sum + each[0], 0) / row[3].length : -Infinity),
    score(row) { const mean = this.mean(row); return Number.isFinite(mean) ? mean.toFixed(3) : "–"; },
    href(row) { return `${this.base}/items/${encodeURIComponent(row[0])}${this.query}`; },
    leave() {
      const ids = this.shown.slice(0, 20000).map((row) => row[0]);
      try {
        sessionStorage.setItem(PLACE, JSON.stringify({ base: this.base, query: this.query, top: window.scrollY, ids }));
      } catch { /* no room: the next item is then that of the run */ }
    },
    async read() {
      this.is_behind = this.is_reading;
      if (this.is_reading) return;
      clearTimeout(this.timer);
      this.is_reading = true;
      try {
        for (let more = true; more;) {
          const answer = await fetch(`${this.source}?after=${encodeURIComponent(this.last)}`);
          const page = await answer.json();
          if (!answer.ok) throw new Error(page.error);
          this.rows = Object.freeze(this.rows.concat(page.rows));
          this.last = page.rows.length ? page.rows[page.rows.length - 1][0] : this.last;
          more = page.has_more;
        }
        this.wrong = "";
      } catch (error) {
        this.wrong = `The items could not be read: ${error.message}`;
      }
      this.is_reading = false;
      if (this.is_under_way || this.is_behind) this.timer = setTimeout(() => this.read(), this.is_behind ? 0 : 2000);
    },
  },
};
