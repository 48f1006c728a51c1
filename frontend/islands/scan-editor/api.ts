/** What the page around the editor is told, and what the server says. */

/** The PDF that the server made of the pages; it stands on the delivery's list already. */
export interface Scan {
  id: string;
  name: string;
  title: string;
  description: string;
  size: number;
  pages: number;
}

export interface Ways {
  /** Takes the corrected pages (multipart: page, page, ...; title, description, note, ...) and answers a Scan. */
  scanUrl: string;
  /** Takes a photo that this browser cannot decode (HEIC) and answers a JPEG. */
  pictureUrl: string;
  csrfToken: string;
}

/** reason: sentence of the server for the person, empty when the network failed. */
export class NotTaken extends Error {
  constructor(
    readonly reason: string,
    readonly status = 0,
  ) {
    super('not taken');
  }
}

export interface Page {
  picture: Blob;
  note: string;
}

export async function sendScan(ways: Ways, pages: Page[], title: string, description: string): Promise<Scan> {
  const form = new FormData();
  pages.forEach((page, number) => {
    form.append('page', page.picture, `page-${number + 1}.jpg`);
    form.append('note', page.note);
  });
  form.append('title', title);
  form.append('description', description);
  const answer = await ask(ways, ways.scanUrl, form);
  return (await answer.json()) as Scan;
}

export async function decodePicture(ways: Ways, file: Blob): Promise<Blob> {
  const form = new FormData();
  form.append('picture', file, 'picture');
  return (await ask(ways, ways.pictureUrl, form)).blob();
}

async function ask(ways: Ways, url: string, form: FormData): Promise<Response> {
  let answer: Response;
  try {
    answer = await fetch(url, {
      method: 'POST',
      body: form,
      credentials: 'same-origin',
      headers: { Accept: 'application/json', 'X-CSRFToken': ways.csrfToken },
    });
  } catch {
    throw new NotTaken('');
  }
  if (!answer.ok) throw new NotTaken(await reasonOf(answer), answer.status);
  return answer;
}

async function reasonOf(answer: Response): Promise<string> {
  try {
    const said = (await answer.json()) as { reason?: string };
    return said.reason ?? '';
  } catch {
    return '';
  }
}
