// SPDX-License-Identifier: GPL-2.0
// What the report's page does: rows of the timeline open, differences lead to their row, rows can be filtered.
'use strict';
(() => {
	const timeline = document.getElementById('timeline');
	if (!timeline) return;
	const data = JSON.parse(document.getElementById('data').textContent);
	const rows = [...timeline.querySelectorAll('.row')];
	const only = document.getElementById('only');
	const filter = document.getElementById('filter');
	const count = document.getElementById('count');

	// An element with text and children; text never becomes markup.
	const make = (name, className, ...inside) => {
		const element = document.createElement(name);
		if (className) element.className = className;
		element.append(...inside);
		return element;
	};
	const cells = (kind, ...texts) => make('tr', '', ...texts.map((text) => make(kind, '', make('code', '', text))));

	// Sixteen bytes a line, in two groups, behind their offset.
	const dump = (hex) => (hex.match(/.{1,32}/g) || []).map((line, n) => {
		const bytes = line.match(/../g);
		const part = (from, to) => bytes.slice(from, to).join(' ');
		return (n * 16).toString(16).padStart(4, '0') + '  ' + part(0, 8) + '  ' + part(8, 16);
	}).join('\n');

	// What is in a message that is the same on all sides.
	const content = ([at, seq, elem, result, pages]) => {
		const d = data.details[at];
		const box = make('div', 'open');
		box.append(make('p', 'soft', `sequence ${seq}, element ${elem}, result 0x${result.toString(16)}, ` +
			`${pages} page(s), ${d.size} bytes behind the RPC header`));
		if (d.f.length) {
			const heads = ['field', 'offset', 'value'].map((head) => make('th', '', head));
			const table = make('table', 'fields', make('tr', '', ...heads));
			for (const [path, offset, shown] of d.f) table.append(cells('td', path, '+0x' + offset.toString(16), shown));
			box.append(make('div', 'wrap', table));
		}
		const rest = [];
		if (d.zero) rest.push(`${d.zero} fields are zero`);
		if (d.more) rest.push(`${d.more} more fields`);
		if (rest.length) box.append(make('p', 'rest', rest.join(', ')));
		if (d.hex) box.append(make('pre', '', dump(d.hex) + (d.size * 2 > d.hex.length ? '\n… the trace has the rest' : '')));
		return box;
	};

	// Opens whatever an element is folded away in.
	const reveal = (element) => {
		for (let up = element.parentElement; up; up = up.parentElement) {
			if (up.localName === 'details') up.open = true;
		}
	};

	// Makes a row visible whatever is folded or filtered, and marks it.
	const show = (row) => {
		row.classList.remove('hide');
		for (let up = row.parentElement; up && up !== timeline; up = up.parentElement) {
			if (up.localName === 'details') up.open = true;
			up.classList.remove('hide');
		}
		for (const other of timeline.querySelectorAll('.here')) other.classList.remove('here');
		row.classList.add('here');
		const box = timeline.getBoundingClientRect();
		timeline.scrollTop += row.getBoundingClientRect().top - box.top - box.height / 3;
	};

	for (const row of rows) {
		row.addEventListener('click', () => {
			const difference = row.dataset.d && document.getElementById('d' + row.dataset.d);
			if (difference) {
				reveal(difference);
				difference.open = true;
				difference.scrollIntoView({ block: 'start' });
				difference.querySelector('summary').focus({ preventScroll: true });
				return;
			}
			const open = row.nextElementSibling;
			if (open && open.classList.contains('open')) {
				open.remove();
				row.setAttribute('aria-expanded', 'false');
				return;
			}
			const what = data.rows[Number(row.id.slice(1))];
			if (!what) return;
			row.after(content(what));
			row.setAttribute('aria-expanded', 'true');
		});
	}

	for (const difference of document.querySelectorAll('details.diff[data-row]')) {
		difference.addEventListener('toggle', () => {
			if (difference.open) show(document.getElementById('r' + difference.dataset.row));
		});
	}
	// The timeline scrolls in its own box, so a link into it takes both.
	document.addEventListener('click', (event) => {
		const link = event.target.closest('a[href^="#"]');
		const row = link && document.getElementById(link.hash.slice(1));
		if (row) reveal(row);
		if (!row || !row.classList.contains('row')) return;
		event.preventDefault();
		show(row);
		timeline.scrollIntoView({ block: 'start' });
		row.focus({ preventScroll: true });
	});

	const apply = () => {
		const wanted = filter.value.trim().toLowerCase();
		const narrowed = only.checked || wanted !== '';
		let left = 0;
		for (const open of timeline.querySelectorAll('.open')) open.remove();
		for (const row of rows) {
			row.setAttribute('aria-expanded', 'false');
			const hide = (only.checked && row.classList.contains('same')) ||
				(wanted !== '' && !row.textContent.toLowerCase().includes(wanted));
			row.classList.toggle('hide', hide);
			left += hide ? 0 : 1;
		}
		for (const box of timeline.querySelectorAll('details')) {
			const some = box.querySelector('.row:not(.hide)') !== null;
			box.classList.toggle('hide', !some);
			if (narrowed && some) box.open = true;
			if (!narrowed && box.classList.contains('fold')) box.open = false;
		}
		count.textContent = narrowed ? `${left} of ${rows.length} messages` : `${rows.length} messages`;
	};
	only.addEventListener('change', apply);
	filter.addEventListener('input', apply);
	document.getElementById('unfold').addEventListener('click', () => {
		for (const fold of timeline.querySelectorAll('details')) fold.open = true;
	});
	document.querySelector('.tools').hidden = false;
	apply();

	// A page that was opened with the name of a difference or a row shows it.
	const wanted = location.hash && document.getElementById(location.hash.slice(1));
	if (wanted) reveal(wanted);
	if (wanted && wanted.matches('details.diff')) wanted.open = true;
	if (wanted && wanted.matches('.row')) show(wanted);
})();
