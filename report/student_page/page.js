/** What people do with the page: choose, drop or paste pictures, read probabilities, look at heat maps. */

const element = (id) => document.getElementById(id);
const say = (text) => {
  element("status").textContent = text;
};

async function start() {
  try {
    const session = await openStudent();
    let waiting = Promise.resolve();
    const take = (list) => {
      // The list empties with its event.
      const files = [...list];
      // One after the other: their order stays, and memory holds one picture at a time.
      waiting = waiting.then(() => answerAll(session, files));
    };
    listen(take);
    element("pictures").disabled = false;
    say("Ready. Nothing that you give to this page leaves your computer.");
  } catch (error) {
    say(`The student could not be started in this browser: ${error.message}`);
  }
}

function listen(take) {
  const input = element("pictures");
  input.addEventListener("change", () => {
    take(input.files);
    input.value = "";
  });
  document.addEventListener("dragover", (event) => event.preventDefault());
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    take(event.dataTransfer.files);
  });
  document.addEventListener("paste", (event) => take(event.clipboardData.files));
}

async function answerAll(session, files) {
  let refused = 0;
  for (const [index, file] of files.entries()) {
    say(`Looking at ${file.name}, ${index + 1} of ${files.length}.`);
    // The browser paints only between tasks.
    await new Promise((resolve) => setTimeout(resolve));
    refused += (await answer(session, file)) ? 0 : 1;
  }
  if (files.length > 0) say(`${files.length - refused} answered, ${refused} refused. Newest first, below.`);
}

/** Show what the student says of a file, or why it says nothing; whether it said something. */
async function answer(session, file) {
  try {
    if (file.size > ABOUT.limits.most_bytes) throw new BadPicture("the file is too large");
    const said = await ask(session, new Uint8Array(await file.arrayBuffer()));
    element("answers").prepend(articleOf(file.name, said));
    return true;
  } catch (error) {
    const why = error instanceof BadPicture ? error.message : `it could not be read (${error.message})`;
    element("answers").prepend(refusalOf(file.name, why));
    return false;
  }
}

function refusalOf(name, why) {
  const article = element("refusal").content.cloneNode(true);
  article.querySelector("h3").textContent = name;
  article.querySelector(".problem").textContent = `Refused: ${why}.`;
  return article;
}

let answered = 0;

function articleOf(name, said) {
  const article = element("answer").content.cloneNode(true);
  const best = said.probabilities.indexOf(Math.max(...said.probabilities));
  const heading = article.querySelector("h3");
  heading.textContent = name;
  heading.id = `picture-${(answered += 1)}`;
  article.querySelector("article").setAttribute("aria-labelledby", heading.id);
  article.querySelector("caption").textContent = `${titleOf(best)}: ${said.probabilities[best].toFixed(3)}`;
  article
    .querySelector("tbody")
    .append(...ABOUT.classes.map((_, own) => rowOf(own, said.probabilities[own])));
  article.querySelector(".notes").textContent = said.notes
    .map((note) => `This picture was ${note}.`)
    .join(" ");
  addHeatMap(article, name, said, best);
  return article;
}

/** A class in words, with its abbreviation. */
function titleOf(own) {
  const name = ABOUT.classes[own];
  return ABOUT.names[name] ? `${ABOUT.names[name]} (${name})` : name;
}

function rowOf(own, probability) {
  const row = element("row").content.cloneNode(true);
  row.querySelector("th").textContent = titleOf(own);
  row.querySelector("data").textContent = probability.toFixed(3);
  row.querySelector("data").value = String(probability);
  row.querySelector("meter").value = probability;
  return row;
}

/** The picture, and a choice of the class whose map lies over it. */
function addHeatMap(article, name, { shown, maps }, best) {
  const canvas = article.querySelector("canvas");
  [canvas.width, canvas.height] = [shown.width, shown.height];
  const draw = (own) => {
    canvas.getContext("2d").putImageData(overlaid(shown, maps, own), 0, 0);
    const over = own === null ? "" : ` under its heat map for ${titleOf(own)}`;
    canvas.setAttribute("aria-label", `The picture ${name}${over}`);
  };
  const choice = article.querySelector("select");
  if (!maps) {
    draw(null);
    choice
      .closest("label")
      .replaceWith("This student's heat maps need gradients, which a browser does not compute.");
    return;
  }
  choice.append(new Option("none", ""), ...ABOUT.classes.map((_, own) => new Option(titleOf(own), own)));
  choice.value = best;
  choice.addEventListener("change", () => draw(choice.value === "" ? null : Number(choice.value)));
  draw(best);
}

start();
