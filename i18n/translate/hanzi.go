package translate

import (
	"strings"
	"sync"

	"golang.org/x/text/language"
)

// twoWays are characters that mainland China writes differently, each followed by
// how it is written in Taiwan and Hong Kong. None is here that one side writes
// for another word of the other's.
const twoWays = "们們这這个個时時会會发發货貨订訂单單东東车車长長门門问問间間关關开開说說话話请請谢謝对對应應该該让讓给給过過还還进進远遠运運达達选選钱錢银銀错錯" +
	"钟鐘铁鐵锁鎖镜鏡质質费費买買卖賣责責败敗贵貴资資赔賠账賬购購贴貼员員损損坏壞头頭样樣机機权權检檢条條极極构構标標栏欄码碼确確红紅约約级級纸紙线線" +
	"组組细細结結绝絕统統继繼续續绿綠编編网網联聯职職号號变變数數两兩电電脑腦为為么麼义義书書习習乱亂争爭亏虧产產亲親从從仓倉价價众眾优優传傳伤傷体體" +
	"侧側储儲儿兒兑兌内內册冊写寫军軍农農决決况況净淨减減几幾凭憑击擊划劃刚剛创創删刪办辦务務动動励勵劳勞势勢区區医醫协協卫衛压壓厂廠厅廳历歷厌厭县縣" +
	"双雙听聽启啟响響喷噴团團园園围圍图圖圆圓圣聖场場块塊坚堅墙牆声聲处處备備复復够夠夹夾奖獎奋奮妈媽宝寶实實审審宽寬宾賓寻尋导導将將尔爾尝嘗层層属屬" +
	"岁歲岛島币幣师師帐帳带帶帮幫广廣庆慶库庫废廢张張弹彈强強归歸录錄彻徹径徑忆憶怀懷态態总總恶惡悬懸惊驚惯慣愿願戏戲户戶扩擴扫掃扬揚护護报報担擔拟擬" +
	"拥擁择擇挂掛挡擋换換据據捡撿摄攝敌敵断斷无無旧舊显顯晓曉暂暫术術杂雜来來档檔梦夢楼樓欢歡残殘毁毀毕畢气氣汇匯汉漢没沒沟溝泪淚洁潔测測济濟浏瀏涂塗" +
	"润潤涨漲渐漸温溫湿濕满滿滤濾灯燈灵靈点點炼煉烂爛烦煩热熱爱愛状狀独獨环環现現琐瑣画畫异異疗療盖蓋盘盤监監睁睜础礎离離种種积積称稱税稅稳穩穷窮竖豎" +
	"笔筆签簽简簡类類粮糧紧緊维維综綜缓緩缝縫罢罷肃肅脸臉舱艙艺藝节節范範药藥获獲虽雖补補装裝裤褲见見规規视視览覽觉覺触觸计計认認讨討许許论論设設访訪" +
	"证證评評识識诉訴词詞译譯试試诚誠详詳语語误誤读讀课課谁誰调調谈談贝貝负負财財贡貢贫貧贸貿贺賀跃躍践踐轨軌转轉轮輪软軟轻輕载載较較辆輛输輸边邊迟遲" +
	"适適递遞邮郵邻鄰释釋针針钉釘钮鈕链鏈销銷锅鍋键鍵闭閉闻聞阅閱队隊阳陽阴陰际際险險随隨难難雾霧静靜页頁项項顺順须須顾顧预預领領频頻题題额額颜顏风風" +
	"飞飛饭飯饰飾馆館马馬驱驅验驗鱼魚鲜鮮鸟鳥麦麥黄黃齐齊龄齡龙龍"

// onlyJapanese are characters that neither China nor Taiwan writes.
const onlyJapanese = "発払売価変対壊帰図実検込戻応広様総続経録気駅験権択読訳働単関両児済黒悪鉄拡険効満毎浄"

// alsoJapanese are those of the mainland's characters that Japan writes as well;
// neverJapanese are words of Chinese that a Japanese text without kana has not.
const (
	alsoJapanese  = "会来号数医区条残写断旧乱体争双国点学当声属湿"
	neverJapanese = "你您我們吗嗎吧呢這没沒還麼很啊哪怎啥嘛"
)

// mayBeJapanese: nothing in a text in Han characters alone speaks against Japanese.
func mayBeJapanese(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool {
		return strings.ContainsRune(neverJapanese, r) || written()[r] == simplified && !strings.ContainsRune(alsoJapanese, r)
	})
}

// hanzi says which language a text in Han characters alone is in, as far as the
// characters give it away; und when all of them are written the same everywhere.
func hanzi(s string) language.Tag {
	mainland, island := 0, 0
	for _, r := range s {
		switch written()[r] {
		case simplified:
			mainland++
		case traditional:
			island++
		case language.Japanese:
			return language.Japanese
		}
	}
	switch {
	case island > mainland:
		return traditional
	case mainland > 0:
		return simplified
	}
	return language.Und
}

var (
	simplified  = language.MustParse("zh-CN")
	traditional = language.MustParse("zh-TW")
)

// written is by which hands a character gives away.
var written = sync.OnceValue(func() map[rune]language.Tag {
	out := map[rune]language.Tag{}
	for i, r := range []rune(twoWays) {
		out[r] = simplified
		if i%2 == 1 {
			out[r] = traditional
		}
	}
	for _, r := range onlyJapanese {
		out[r] = language.Japanese
	}
	return out
})
